/** What is measured on several threads: two workers, unless it says otherwise. The main thread spawns and joins, the workers run. */
import { atMost, type Comparison, child, type Figure, faster, type Row, type Target, tokio } from "./row.js";

function figure(label: string, bench: string): Figure {
  return { id: "toki", label, source: { kind: "child", suite: "toki-threads", bench } };
}

function row(id: string, title: string, peers: Comparison[], more: Partial<Row> = {}): Row {
  return { id, title, unit: "ns", toki: figure("Toki", id), peers, ...more };
}

type Sizes = "even" | "fine" | "skewed";

const bare = (sizes: Sizes, threads: number, label: string): Comparison =>
  child("bare-threads", label, undefined, `fan-out-${sizes}:${threads}`);

/** What the machine has to give: the figure of the row is that of two bare threads. */
const machine: Row = {
  id: "fan-out-machine",
  title: "2 bare threads, even, each",
  unit: "ns",
  toki: bare("even", 2, "2 bare threads").figure,
  peers: [bare("even", 1, "1 bare thread")],
  note: "The same work dealt out beforehand to threads without a scheduler. What two of them gain over one the machine has to give; no scheduler gains more.",
};

function fanOutRow(id: string, title: string, peers: Comparison[], more: Partial<Row> = {}, target = true): Row {
  const one = child("toki-threads", "Toki, 1 worker", target ? faster(1.85) : undefined, `${id}:1`);
  return row(id, title, [one, ...peers], more);
}

function fromMain(sizes: Sizes, title: string, target = true): Row {
  return fanOutRow(`fan-out-${sizes}`, title, [piscina(), bare(sizes, 2, "2 bare threads, dealt")], {}, target);
}

const piscina = (target?: Target, bench?: string): Comparison => child("piscina", "Piscina, 2 threads", target, bench);

export const THREAD_ROWS: readonly Row[] = [
  row(
    "threads-spawn-1000",
    "spawn 1,000 on 2 workers, then join, each",
    [
      piscina(faster(20)),
      child("piscina", "Piscina, 64 a thread", faster(20), "threads-spawn-1000:packed"),
      tokio(atMost(1)),
    ],
    {
      note: "Spawned from the main thread, as from `block_on` in Tokio: every task crosses to a worker, its result comes back.",
    },
  ),
  row("threads-round-trip", "lone round trip to a worker", [piscina(faster(5)), tokio()], {
    note: "One task at a time, the next as soon as it is joined: the worker that has just run one may still be looking for more.",
  }),
  row("threads-round-trip-asleep", "the same, the workers asleep", [piscina(), tokio()], {
    note: "Before each round trip 3 ms in which nothing happens, so that it has to wake a thread. The median of 300; no target.",
    maxRounds: 3,
  }),
  row("threads-text", "round trip of a short string", [piscina()]),
  row("threads-object", "round trip of { id, name, tags }", [piscina()]),
  row("threads-bytes", "round trip of 64 KiB, copied", [piscina()]),
  row("threads-bytes-moved", "round trip of 64 KiB, moved", [piscina()]),
  machine,
  fromMain("even", "fan-out, even: 128 x 1 ms, each"),
  fromMain("fine", "fan-out, fine: 512 x 0.1 ms, each", false),
  fromMain("skewed", "fan-out, skewed: 10 us to 1 ms, each"),
  fanOutRow("fan-out-one-spawner", "the same, all spawned by one task", [], {
    note: "The task that spawns them runs on a worker, so that the other worker gets nothing but what it steals or what overflows.",
  }),
  row(
    "block-on",
    "blockOn from sync code, a number",
    [child("synckit", "synckit", faster(1)), child("make-synchronized", "make-synchronized")],
    { note: "A synchronous call that blocks the main thread until an asynchronous function on a worker has returned." },
  ),
  row("block-on-text", "blockOn from sync code, 1 KiB of text", [
    child("synckit", "synckit", faster(1)),
    child("make-synchronized", "make-synchronized"),
  ]),
];
