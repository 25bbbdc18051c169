import type { Future } from "../../future/future.js";
import type { ListenerLike } from "../stream-source.js";
import { FutureStream } from "./future-stream.js";

type Accepted<S> = readonly [stream: S, peer: unknown];

/** @internal */
export class ConnectionStream<S> extends FutureStream<Accepted<S>, S> {
  private readonly listener: ListenerLike<S>;

  constructor(listener: ListenerLike<S>) {
    super();
    this.listener = listener;
  }

  protected pull(): Future<Accepted<S>> {
    return this.listener.accept();
  }

  protected itemOf([stream]: Accepted<S>): S {
    return stream;
  }

  protected release(): void {
    this.listener[Symbol.dispose]();
  }

  override describe(): string {
    return "listener";
  }
}
