import type { Future } from "../../future/future.js";
import type { SignalKind } from "../../signal/signal-kind.js";
import type { SignalLike } from "../stream-source.js";
import { FutureStream } from "./future-stream.js";

/** @internal */
export class SignalStream extends FutureStream<void, SignalKind> {
  private readonly signal: SignalLike;

  constructor(signal: SignalLike) {
    super();
    this.signal = signal;
  }

  protected pull(): Future<void> {
    return this.signal.recv();
  }

  protected itemOf(): SignalKind {
    return this.signal.kind;
  }

  protected release(): void {}

  override describe(): string {
    return `signal ${this.signal.kind.name}`;
  }
}
