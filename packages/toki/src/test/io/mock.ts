import type { Future } from "../../future/future.js";
import { ready } from "../../future/ready.js";
import type { AsyncRead } from "../../io/async-read.js";
import type { AsyncWrite } from "../../io/async-write.js";
import { checkBytes } from "../../net/tcp/check.js";
import type { Script } from "./script.js";
import { ScriptRead, ScriptWrite } from "./script-op.js";

/**
 * Reads and writes by a script; made by {@link MockIo}. One task at a time reads, and one writes.
 *
 * Use it with `using`: disposing it checks that the script was gone through to its end. If the block fails as well, both errors
 * come as one SuppressedError, the block's own in `suppressed`.
 *
 * @example
 * ```ts
 * import { MockIo, test } from "toki/test";
 *
 * const run = test(function* () {
 *   using io = new MockIo().name("server").write("PING").read("PONG").build();
 *   yield* io.write(Buffer.from("PING"));
 *   const buffer = new Uint8Array(16);
 *   console.log(yield* io.read(buffer)); // 4
 * });
 * await run();
 * ```
 */
export class Mock implements AsyncRead, AsyncWrite, Disposable {
  readonly #script: Script;

  /** @internal */
  constructor(script: Script) {
    this.#script = script;
  }

  /**
   * Reads what is scripted next, waiting until it is its turn, into the front of `buffer`.
   *
   * **Cancel safety**: safe; if it loses, nothing was read.
   *
   * @param buffer - where the bytes go; it may be filled in part
   * @returns how many bytes were read; 0 at the end of the script, or if `buffer` is empty
   * @throws the error that is scripted; MisuseError if another read waits; IoError (`notConnected`) after the mock was disposed; NoRuntimeError if a wait
   *   is scripted and there is no runtime
   */
  read(buffer: Uint8Array): Future<number> {
    return new ScriptRead(this.#script, checkBytes(buffer, "Mock.read"));
  }

  /**
   * Writes what is scripted next, waiting while a {@link MockIo.wait} is under way.
   *
   * **Cancel safety**: safe; if it loses, nothing was written.
   *
   * @param buffer - the bytes
   * @returns how many bytes were expected: fewer than given if the script goes on with something else
   * @throws AssertionError if the bytes are not those that are scripted, or no write is; the error that is scripted; MisuseError if another write waits; IoError
   *   (`notConnected`) after the mock was disposed; NoRuntimeError if a wait is scripted and there is no runtime
   */
  write(buffer: Uint8Array): Future<number> {
    return new ScriptWrite(this.#script, checkBytes(buffer, "Mock.write"));
  }

  /**
   * Does nothing: nothing is buffered.
   *
   * **Cancel safety**: safe.
   */
  flush(): Future<void> {
    return ready(undefined);
  }

  /**
   * Does nothing: an end is not part of the script.
   *
   * **Cancel safety**: safe.
   */
  shutdown(): Future<void> {
    return ready(undefined);
  }

  /**
   * Ends the mock. Reads and writes that wait fail.
   *
   * @throws AssertionError if something of the script is left that was not read, written or thrown: not if the mock has failed before
   */
  [Symbol.dispose](): void {
    this.#script.end();
  }
}
