/** How many bytes a small program adds to a bundle: minified by esbuild, then gzipped. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** One program for each library: it spawns a task, sleeps, and passes messages through a bounded channel. */
const PROGRAMS: Readonly<Record<string, string>> = {
  toki: `
    import { fn, main, sleep, spawn } from "toki";
    import { mpsc } from "toki/sync";
    const produce = fn(function* (tx) { for (let i = 0; i < 10; i++) yield* tx.send(i); tx[Symbol.dispose](); });
    main(function* () {
      const [tx, rx] = mpsc.channel(8);
      const handle = spawn(produce(tx));
      yield* sleep(10);
      for (let v; (v = yield* rx.recv()) !== undefined; ) console.log(v);
      yield* handle;
    });`,
  effect: `
    import { Effect, Fiber, Queue } from "effect";
    const produce = Effect.fnUntraced(function* (queue) { for (let i = 0; i < 10; i++) yield* Queue.offer(queue, i); });
    Effect.runPromise(Effect.gen(function* () {
      const queue = yield* Queue.bounded(8);
      const fiber = yield* Effect.forkChild(produce(queue));
      yield* Effect.sleep(10);
      for (let i = 0; i < 10; i++) console.log(yield* Queue.take(queue));
      yield* Fiber.join(fiber);
    }));`,
  effection: `
    import { createQueue, main, sleep, spawn } from "effection";
    function* produce(queue) { for (let i = 0; i < 10; i++) queue.add(i); queue.close(); }
    main(function* () {
      const queue = createQueue();
      const task = yield* spawn(() => produce(queue));
      yield* sleep(10);
      for (let next; !(next = yield* queue.next()).done; ) console.log(next.value);
      yield* task;
    });`,
};

/** Bytes of the program of that library, with everything it needs, minified and gzipped. */
export async function bundleSize(library: string): Promise<number> {
  const contents = PROGRAMS[library];
  if (contents === undefined) throw new Error(`no program to bundle for ${library}`);
  const result = await build({
    stdin: { contents, loader: "js", resolveDir: fileURLToPath(new URL("..", import.meta.url)) },
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    legalComments: "none",
    logLevel: "silent",
  });
  const output = result.outputFiles[0];
  if (output === undefined) throw new Error(`esbuild gave no output for ${library}`);
  return gzipSync(output.contents, { level: 9 }).length;
}
