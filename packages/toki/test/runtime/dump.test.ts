import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type AwaitNode,
  type Future,
  fn,
  type IntoFuture,
  join,
  pending,
  Runtime,
  select,
  sleep,
  spawn,
  type TaskDump,
  timeout,
  yieldNow,
} from "toki";
import { flavors } from "../support/flavors.js";
import { Gate } from "../support/gate.js";

const inner = fn(function* inner(gate: Gate) {
  yield* gate;
});

const middle = fn(function* middle(gate: Gate) {
  yield* inner(gate);
});

const outer = fn(function* outer(gate: Gate) {
  yield* middle(gate);
});

/** The tree with names and labels alone. */
function shape(node: AwaitNode | undefined): unknown {
  if (node === undefined) return undefined;
  const name = node.label === undefined ? node.name : `${node.label}: ${node.name}`;
  return node.children.length === 0 ? name : [name, ...node.children.map(shape)];
}

async function dumpOf(rt: Runtime, future: IntoFuture<unknown>): Promise<TaskDump> {
  const task = rt.spawn(future, { name: "under test" });
  await rt.run(yieldNow());
  const dump = rt.dump();
  task.abort();
  await rt.shutdown();
  return dump;
}

for (const flavor of flavors) {
  describe(`dump() [${flavor.name}]`, () => {
    test("a parked task shows the functions it is in, outermost first, and what it waits for", async () => {
      const rt = new Runtime(flavor.options);
      const dump = await dumpOf(rt, outer(new Gate("the gate")));
      assert.equal(dump.tasks.length, 1);
      const [task] = dump.tasks;
      assert.equal(task?.state, "parked");
      assert.equal(task?.name, "under test");
      assert.equal(typeof task?.id, "number");
      assert.deepEqual(shape(task?.tree), ["outer", ["middle", ["inner", "the gate"]]]);
    });

    test("each function tells where it was defined", async () => {
      const rt = new Runtime(flavor.options);
      const dump = await dumpOf(rt, outer(new Gate()));
      for (let node = dump.tasks[0]?.tree; node !== undefined && node.name !== "gate"; node = node.children[0]) {
        assert.match(node.site ?? "", /dump\.test\.(js|ts):\d+:\d+$/, node.name);
      }
    });

    test("combinators show every branch that is not done, with its key", async () => {
      const rt = new Runtime(flavor.options);
      const done = new Gate();
      done.open();
      const dump = await dumpOf(
        rt,
        fn(function* body() {
          yield* join(
            inner(new Gate("a")),
            done,
            select({
              left: inner(new Gate("b")),
              right: timeout(60_000, new Gate("c")),
              off: undefined,
            }),
          );
        })(),
      );
      const [name, combinator] = shape(dump.tasks[0]?.tree) as [string, unknown[]];
      assert.equal(name, "body");
      assert.deepEqual(combinator, [
        "join (1/3 done)",
        ["0: inner", "a"],
        ["2: select", ["left: inner", "b"], ["right: timeout", "c", `deadline: ${deadline(dump)}`]],
      ]);
    });

    test("tasks come in the order they were spawned, with their states", async () => {
      const rt = new Runtime(flavor.options);
      const gate = new Gate();
      rt.spawn(new Gate(), { name: "parked" });
      const cancelling = rt.spawn(
        function* () {
          try {
            yield* pending();
          } finally {
            yield* gate;
          }
        },
        { name: "cancelling" },
      );
      await rt.run(yieldNow());
      cancelling.abort();
      const seen = await rt.run(function* () {
        spawn(pending(), { name: "queued" });
        const queued = rt.dump();
        yield* yieldNow();
        return [queued, rt.dump()].map((dump) =>
          dump.tasks.map(({ id, name, state }) => `${id === undefined ? "main" : name} ${state}`),
        );
      });
      const states = seen.map((lines) => lines.filter((line) => line !== "main running"));
      assert.deepEqual(states, [
        ["parked parked", "cancelling cancelling", "queued queued"],
        ["parked parked", "cancelling cancelling", "queued parked"],
      ]);
      assert(seen.every((lines) => lines.includes("main running")));
      gate.open();
      await rt.shutdown();
    });

    test("a task that was not polled yet or is running has no tree, and cleanup shows what it waits for", async () => {
      const rt = new Runtime(flavor.options);
      const gate = new Gate("cleanup gate");
      const task = rt.spawn(
        fn(function* body() {
          try {
            yield* pending();
          } finally {
            yield* inner(gate);
          }
        })(),
      );
      assert.deepEqual(shape(rt.dump().tasks[0]?.tree), "body");
      await rt.run(yieldNow());
      task.abort();
      await rt.run(yieldNow());
      assert.deepEqual(shape(rt.dump().tasks[0]?.tree), ["body", ["inner", "cleanup gate"]]);
      gate.open();
      await rt.shutdown();
      assert.deepEqual(rt.dump().tasks, []);
    });

    if (flavor.canPause)
      test("a join of a task names it, and a sleep tells how long it has left", async () => {
        const rt = new Runtime({ ...flavor.options, startPaused: true });
        const seen = await rt.run(function* () {
          const worker = spawn(sleep({ seconds: 5 }), { name: "worker" });
          const waiter = spawn(function* waiter() {
            yield* worker;
          });
          yield* yieldNow();
          const dump = rt.dump();
          worker.abort();
          waiter.abort();
          return dump.tasks.filter(({ id }) => id !== undefined).map(({ tree }) => shape(tree));
        });
        assert.equal(seen[0], "sleep (5000 ms left)");
        assert.match(String((seen[1] as string[])[1]), /^join of task \d+ "worker"$/);
        await rt.shutdown();
      });

    test("the text has a title and a tree for each task", async () => {
      const rt = new Runtime(flavor.options);
      const dump = await dumpOf(rt, outer(new Gate("the gate")));
      const id = dump.tasks[0]?.id;
      const lines = String(dump)
        .split("\n")
        .map((line) => line.replace(/ {2}\S+:\d+:\d+$/, ""));
      assert.deepEqual(lines, [
        `task ${id} "under test" (parked)`,
        "└─ outer",
        "   └─ middle",
        "      └─ inner",
        "         └─ the gate",
      ]);
    });

    test("a wide join and a deep chain are cut, so that the text stays readable", async () => {
      const rt = new Runtime(flavor.options);
      const wide = await dumpOf(rt, join(...Array.from({ length: 1000 }, (_, i) => new Gate(`gate ${i}`))));
      const lines = String(wide).split("\n");
      assert(lines.length < 100, `${lines.length} lines`);
      assert.match(lines.at(-1) ?? "", /\.\.\./);

      const deep: (level: number) => Future<void> = fn(function* (level: number) {
        if (level === 0) yield* pending();
        else yield* deep(level - 1);
      });
      const chain = await dumpOf(new Runtime(flavor.options), deep(5000));
      assert(String(chain).split("\n").length < 100);
    });
  });
}

function deadline(dump: TaskDump): string | undefined {
  return /deadline: (sleep \(\d+ ms left\))/.exec(String(dump))?.[1];
}
