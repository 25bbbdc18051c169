import { invalidArgument } from "../../internal/invalid-argument.js";
import { type Duration, toMillis } from "../../time/duration.js";
import { Mock } from "./mock.js";
import { MockHandle } from "./mock-handle.js";
import { Script, type ScriptStep } from "./script.js";
import { stepOf } from "./steps.js";

/** As long as Tokio's mock waits at least: a wait is never over at once. */
const LEAST_WAIT_MS = 1;

/**
 * Builds a test double for a connection: a script of what will be read from it and what has to be written to it, in order. `tokio_test::io::Builder`.
 *
 * What is read comes in the pieces it is scripted in, at most as much as the reader's buffer holds; what is written may come in any pieces. A read waits until
 * the writes in front of it have been made. A write does not wait for reads in front of it, but does for a {@link MockIo.wait}.
 *
 * A write of anything else throws at once; what is left of the script when the mock is disposed throws then. Text stands for its UTF-8 bytes.
 *
 * @example
 * ```ts
 * import { fn } from "toki";
 * import type { AsyncRead, AsyncWrite } from "toki/io";
 * import { MockIo, test } from "toki/test";
 *
 * const login = fn(function* login(io: AsyncRead & AsyncWrite, user: string) {
 *   const buffer = new Uint8Array(64);
 *   yield* io.read(buffer);
 *   yield* io.write(new TextEncoder().encode(`USER ${user}\n`));
 *   const count = yield* io.read(buffer);
 *   return new TextDecoder().decode(buffer.subarray(0, count));
 * });
 *
 * const run = test(function* () {
 *   using io = new MockIo().read("hello\n").write("USER alice\n").wait(100).read("welcome").build();
 *   console.log(yield* login(io, "alice")); // welcome
 * }, { startPaused: true });
 * await run();
 * ```
 */
export class MockIo {
  readonly #steps: ScriptStep[] = [];
  #name = "mock";

  /**
   * The next thing to happen is a read that gives these bytes.
   *
   * @param bytes - copied
   */
  read(bytes: Uint8Array | string): this {
    return this.#add(stepOf.read(bytes, "MockIo.read"));
  }

  /** The next thing to happen is a read that throws `error`. */
  readError(error: Error): this {
    return this.#add(stepOf.readError(error, "MockIo.readError"));
  }

  /**
   * The next thing to happen are writes of these bytes.
   *
   * @param bytes - copied
   */
  write(bytes: Uint8Array | string): this {
    return this.#add(stepOf.write(bytes, "MockIo.write"));
  }

  /** The next thing to happen is a write that throws `error`, whatever it writes. */
  writeError(error: Error): this {
    return this.#add(stepOf.writeError(error, "MockIo.writeError"));
  }

  /**
   * Nothing happens for a time, on the runtime's clock. It begins with the first read or write that gets there.
   *
   * @param duration - milliseconds, or `{ seconds: 2 }` and the like; at least 1 ms
   */
  wait(duration: Duration): this {
    const ms = Math.max(LEAST_WAIT_MS, toMillis(duration, "MockIo.wait", "duration"));
    return this.#add({ kind: "wait", ms });
  }

  /** What the mock is called in messages. @throws InvalidArgumentError unless it is a string that is not empty */
  name(name: string): this {
    if (typeof name !== "string" || name === "") {
      throw invalidArgument("MockIo.name", "name", "a string that is not empty", name);
    }
    this.#name = `mock "${name}"`;
    return this;
  }

  /** Makes a mock that goes through the script. Each call makes another one. */
  build(): Mock {
    return new Mock(new Script(this.#name, this.#steps, false));
  }

  /**
   * Makes a mock, and a handle that adds to its script while it is in use. Until the handle is disposed, the end of the script is not that of the mock: reads
   * wait for more.
   *
   * @example
   * ```ts
   * import { spawn } from "toki";
   * import { MockIo, test } from "toki/test";
   *
   * const run = test(function* () {
   *   const [io, handle] = new MockIo().buildWithHandle();
   *   using _ = io;
   *   const buffer = new Uint8Array(8);
   *   const reading = spawn(io.read(buffer));
   *   handle.read("late");
   *   console.log(yield* reading); // 4
   *   handle[Symbol.dispose]();
   *   console.log(yield* io.read(buffer)); // 0
   * });
   * await run();
   * ```
   */
  buildWithHandle(): [mock: Mock, handle: MockHandle] {
    const script = new Script(this.#name, this.#steps, true);
    return [new Mock(script), new MockHandle(script)];
  }

  #add(step: ScriptStep): this {
    this.#steps.push(step);
    return this;
  }
}
