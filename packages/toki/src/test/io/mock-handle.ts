import { DisposedError } from "../../sync/error.js";
import type { Script, ScriptStep } from "./script.js";
import { stepOf } from "./steps.js";

/**
 * Adds to the script of a {@link Mock} while it is in use; made by {@link MockIo.buildWithHandle}. Each addition wakes whoever waits for it. While it is
 * there, the mock's script has no end: dispose it to let reads come to one.
 *
 * @example
 * ```ts
 * import { assertPending, assertReady, MockIo, testTask } from "toki/test";
 *
 * const [io, handle] = new MockIo().buildWithHandle();
 * const buffer = new Uint8Array(8);
 * const reading = testTask(io.read(buffer));
 * assertPending(reading.poll());
 * handle.read("now");
 * console.log(reading.isWoken, assertReady(reading.poll())); // true 3
 * handle[Symbol.dispose]();
 * io[Symbol.dispose]();
 * ```
 */
export class MockHandle implements Disposable {
  readonly #script: Script;
  #isDisposed = false;

  /** @internal */
  constructor(script: Script) {
    this.#script = script;
  }

  /**
   * A read that gives these bytes.
   *
   * @param bytes - copied
   * @throws DisposedError if the mock or this handle was disposed
   */
  read(bytes: Uint8Array | string): this {
    return this.#add("read", stepOf.read(bytes, "MockHandle.read"));
  }

  /**
   * A read that throws `error`.
   *
   * @throws DisposedError if the mock or this handle was disposed
   */
  readError(error: Error): this {
    return this.#add("readError", stepOf.readError(error, "MockHandle.readError"));
  }

  /**
   * Writes of these bytes.
   *
   * @param bytes - copied
   * @throws DisposedError if the mock or this handle was disposed
   */
  write(bytes: Uint8Array | string): this {
    return this.#add("write", stepOf.write(bytes, "MockHandle.write"));
  }

  /**
   * A write that throws `error`.
   *
   * @throws DisposedError if the mock or this handle was disposed
   */
  writeError(error: Error): this {
    return this.#add("writeError", stepOf.writeError(error, "MockHandle.writeError"));
  }

  #add(method: string, step: ScriptStep): this {
    if (this.#isDisposed || this.#script.isGone) {
      throw new DisposedError(
        `MockHandle.${method}`,
        this.#isDisposed ? "disposed" : "left behind: its mock was disposed",
      );
    }
    this.#script.add(step);
    return this;
  }

  /** The script has an end from now on. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#script.dropHandle();
  }
}
