/*
 * A task fails, and nobody joins it. The argument says how it comes to be seen, or not. What is reported goes to standard error; standard output says when
 * that was.
 */
import { fn, JoinSet, main, Runtime, type Suspend, scope, sleep, spawn, yieldNow } from "toki";

declare const gc: () => void;

let reports = 0;
const write = process.stderr.write.bind(process.stderr);
process.stderr.write = ((text: string) => {
  if (text.includes("nobody joined it")) reports++;
  return write(text);
}) as typeof process.stderr.write;

const fail = fn(function* fail(message: string) {
  yield* yieldNow();
  throw new Error(message);
});

/** Collects garbage until something was reported, or it is clear that nothing will be. */
const collect = fn(function* collect() {
  for (let i = 0; i < 30 && reports === 0; i++) {
    gc();
    yield* sleep(1);
  }
});

const cases: Record<string, () => Generator<Suspend, unknown, unknown>> = {
  // The handle is dropped: reported as soon as it has been collected.
  *ignored() {
    spawn(fail("ignored"), { name: "worker" });
    yield* collect();
    console.log(`reports before the end: ${reports}`);
  },
  // The handle is kept: somebody could still join it, until the runtime closes.
  *kept() {
    const handle = spawn(fail("kept"));
    yield* collect();
    console.log(`reports before the end: ${reports}`);
    process.on("exit", () => handle.id);
  },
  *joined() {
    const handle = spawn(fail("joined"));
    try {
      yield* handle;
    } catch {
      console.log("joined");
    }
    yield* collect();
    console.log(`reports before the end: ${reports}`);
  },
  *joinedLate() {
    const handle = spawn(fail("joined late"));
    yield* collect();
    try {
      yield* handle;
    } catch {
      console.log("joined");
    }
    console.log(`reports before the end: ${reports}`);
  },
  *noText() {
    spawn(function* () {
      throw Object.create(null);
    });
    spawn(fail("after it"));
    yield* collect();
    console.log(`reports before the end: ${reports}`);
  },
  // The set is dropped with the result in it.
  *inSet() {
    const forget = () => {
      new JoinSet<never>().spawn(fail("in a set"));
    };
    forget();
    yield* collect();
    console.log(`reports before the end: ${reports}`);
  },
  *inScope() {
    try {
      yield* scope(function* (s) {
        s.spawn(fail("the scope's own"));
        s.spawn(function* () {
          try {
            yield* sleep(60_000);
          } finally {
            throw new Error("a second one");
          }
        });
        yield* sleep(60_000);
      });
    } catch (error) {
      console.log((error as Error).message);
    }
    yield* collect();
    console.log(`reports before the end: ${reports}`);
  },
  *twice() {
    spawn(fail("one"));
    spawn(fail("two"));
    for (let i = 0; i < 30 && reports < 2; i++) {
      gc();
      yield* sleep(1);
    }
    console.log(`reports before the end: ${reports}`);
  },
  *exit() {
    const handle = spawn(fail("left behind"));
    while (!handle.isFinished()) yield* yieldNow();
    console.log(`reports before the end: ${reports}`);
    process.on("exit", () => handle.id);
    process.exit(0);
  },
};

const name = process.argv[2] as string;
if (name === "neverClosed") {
  const rt = new Runtime();
  const handle = rt.spawn(fail("never closed"));
  await rt.run(function* () {
    while (!handle.isFinished()) yield* yieldNow();
  });
  console.log(`reports before the end: ${reports}`);
  process.on("exit", () => handle.id);
} else {
  await main(cases[name] as () => Generator<Suspend, unknown, unknown>);
}
