/** What is measured on one thread, against whom, and the targets. */
import { atMost, child, type Figure, faster, ns, type Row, type Target, TOKI, tokio } from "./row.js";
import { THREAD_ROWS } from "./thread-rows.js";

const FLAT: Target = { kind: "time", value: 1.25 };

function yieldRow(id: string, title: string, more: Partial<Row>, tokioBench?: string): Row {
  const peers = [child("promises", "await null", atMost(1.5)), child("effect", "Effect.yieldNow", faster(20))];
  if (tokioBench !== undefined) peers.push(tokio(atMost(1), tokioBench));
  return ns(id, title, peers, more);
}

function yieldInTurnsRow(depth: number): Row {
  const title = `yieldNow, two tasks in turn, ${depth} fn deep`;
  if (depth === 1) return yieldRow("yield-now-1", title, {}, "yield-now-two");
  return yieldRow(`yield-now-${depth}`, title, { flat: { row: "yield-now-1", target: FLAT } });
}

function timerRow(id: string, live: string): Row {
  const more: Partial<Row> = id === "timer-0" ? {} : { flat: { row: "timer-0", target: FLAT }, maxRounds: 3 };
  return ns(id, `timer create + cancel, ${live} live`, [child("node", "setTimeout + clearTimeout", faster(2))], more);
}

function echoRow(connections: number): Row {
  const echo = (server: "toki" | "node", label: string): Figure => ({
    id: server,
    label,
    source: { kind: "echo", server, connections },
  });
  return {
    id: `echo-${connections}`,
    title: `TCP echo, ${connections} connections`,
    unit: "messages/s",
    toki: echo("toki", "Toki"),
    peers: [{ figure: echo("node", "node:net callbacks"), target: { kind: "throughput", value: 0.95 } }],
  };
}

function sleepersRow(id: string, title: string, target: boolean): Row {
  const row: Row = {
    id,
    title,
    unit: "bytes",
    toki: TOKI,
    peers: [child("promises", "Promise + setTimeout"), child("effect", "Effect (200,000 fibers)")],
    maxRounds: 2,
  };
  if (target) row.absolute = { kind: "absolute", value: 450 };
  return row;
}

const syncFigure: Figure = { id: "toki", label: "Toki", source: { kind: "child", suite: "toki-sync" } };

function syncRow(id: string, title: string, effect: string, more: Partial<Row> = {}): Row {
  const peers = [child("effect-sync", effect, faster(10)), tokio(atMost(1.5))];
  return ns(id, title, peers, { ...more, toki: syncFigure });
}

const size = (library: string, label: string): Figure => ({ id: library, label, source: { kind: "size", library } });

export const ROWS: readonly Row[] = [
  ns("ready-child", "await a child fn that is ready", [
    child("promises", "await asyncFn()", atMost(1.2)),
    child("effect", "Effect.fnUntraced"),
    child("effection", "Effection (native yield*)"),
    tokio(),
  ]),
  ns(
    "spawn-join",
    "spawn + join, one at a time",
    [
      child("promises", "Promises, own turn", atMost(1)),
      child("promises", "Promises, eager call", undefined, "spawn-join-eager"),
      child("effect", "Effect fork + join", faster(15)),
      child("effect", "Effect fork, immediate", undefined, "spawn-join-eager"),
      child("effection", "Effection"),
      tokio(atMost(1)),
    ],
    {
      note:
        "A spawned task starts in a turn of its own, so the promise it is compared with does too (`await null` first). An eager call " +
        "of an async function starts inside its caller and is no spawn; it is printed beside.",
    },
  ),
  ns("spawn-join-1000", "spawn 1,000, then join them, each", [
    child("promises", "Promises, own turn", atMost(1)),
    child("effect", "Effect fork + join", faster(15)),
    child("effection", "Effection"),
    tokio(atMost(1)),
  ]),
  yieldRow(
    "yield-now-alone",
    "yieldNow, one task",
    {
      note:
        "A task that yields with nothing else to run need not be suspended at all, so the next rows have two tasks that take turns: each " +
        "yield there suspends one task and resumes the other.",
    },
    "yield-now",
  ),
  yieldInTurnsRow(1),
  yieldInTurnsRow(10),
  yieldInTurnsRow(100),
  ns("mpsc-1000", "bounded mpsc(1000), 1 to 1, a message", [
    child("effect", "Effect Queue offer + take", faster(10)),
    child("effect", "Effect Queue takeAll", undefined, "mpsc-1000-many"),
    tokio(atMost(1.5)),
  ]),
  ns("oneshot", "oneshot create + send + receive", [tokio(atMost(1.5))]),
  ns("mutex", "uncontended Mutex lock + unlock", [tokio(atMost(1.5))]),
  ns(
    "stream-fold",
    "stream of an array: map, filter, fold, an item",
    [
      child("promises", "async generators", faster(10)),
      child("effect", "Effect Stream (in chunks)", faster(10)),
      tokio(atMost(1.5)),
    ],
    {
      note:
        "Effect's streams pass arrays of items where the source has them, so that a synchronous step costs it a loop over an array; Toki's and Tokio's " +
        "pass one item at a time, as the rows below make every library do.",
    },
  ),
  ns("stream-map-async", "the same, each item through a function that may await", [
    child("promises", "async generators", faster(5)),
    child("effect", "Effect Stream.mapEffect", faster(10)),
    tokio(atMost(1.5)),
  ]),
  ns("stream-mpsc", "stream of a bounded channel(1000): map, filter, fold, an item", [
    child("effect", "Effect Stream.fromQueue", faster(10)),
    tokio(atMost(1.5)),
  ]),
  syncRow("broadcast-4", "broadcast to 4 receivers, a message", "Effect PubSub"),
  syncRow("watch", "watch: send, and its receiver sees it", "Effect SubscriptionRef"),
  syncRow("rwlock-read", "uncontended RwLock read + release", "Effect TxReentrantLock"),
  syncRow("rwlock-write", "uncontended RwLock write + release", "Effect TxReentrantLock"),
  syncRow("semaphore-contended", "100 tasks want 10 permits, each acquisition", "Effect Semaphore", {
    note: "Who has a permit yields once before it is given back, so that the others wait in line for it.",
  }),
  ns("sleep-create-drop", "sleep create + poll once + drop", [tokio(atMost(1))]),
  timerRow("timer-0", "0"),
  timerRow("timer-100k", "100,000"),
  timerRow("timer-1m", "1,000,000"),
  ns("timer-rearm", "re-arm 1 of 1,000 timeouts of one duration", [child("node", "setTimeout + clearTimeout")], {
    note: "Re-arming timeouts that all have one duration is the best case of Node's timers (one list per duration): no target, for information.",
  }),
  sleepersRow("sleeping-tasks", "1,000,000 sleeping tasks, each", true),
  sleepersRow("sleeping-tasks-joinable", "the same, every handle kept, each", false),
  ...THREAD_ROWS,
  echoRow(50),
  echoRow(500),
  {
    id: "size",
    title: "main + spawn + sleep + mpsc, min + gzip",
    unit: "bytes",
    toki: size("toki", "Toki"),
    peers: [{ figure: size("effect", "Effect") }, { figure: size("effection", "Effection") }],
    absolute: { kind: "absolute", value: 12 * 1024 },
    maxRounds: 1,
  },
];
