import { type BodyOf, bindBody, checkBody } from "../../future/bound-body.js";
import type { Context } from "../../future/context.js";
import { isGeneratorFunction } from "../../future/fn.js";
import type { AwaitEdge, Future } from "../../future/future.js";
import { Pending, type Poll } from "../../future/poll.js";
import type { Cancellable } from "../cancel.js";
import { Done } from "../done.js";
import { futureOf } from "../future-of.js";
import { refuseWaited } from "../pull.js";
import type { Stream } from "../stream.js";
import { Composite } from "./composite.js";

const WHERE = "Stream.mapAsync";

/** @internal */
export class MapAsync<S, T> extends Composite<T> {
  private readonly source: Stream<S>;
  private readonly body: BodyOf<S, T>;
  private readonly isGenerator: boolean;
  /** Under way, from one poll to the next. */
  private future: Future<T> | null;

  constructor(source: Stream<S>, body: BodyOf<S, T>) {
    super();
    checkBody(body, WHERE);
    refuseWaited(source);
    this.source = source;
    this.rt ??= source.rt;
    this.body = body;
    this.isGenerator = isGeneratorFunction(body);
    this.future = null;
  }

  pollNext(cx: Context): Poll<T | Done> {
    let { future } = this;
    if (future === null) {
      const item = this.source.pollNext(cx);
      if (item === Pending || item === Done) return item as Pending | Done;
      future = this.call(item as S);
      this.future = future;
    }
    let value: Poll<T>;
    try {
      value = future.poll(cx);
    } catch (error) {
      this.future = null;
      throw error;
    }
    if (value !== Pending) this.future = null;
    return value;
  }

  private call(item: S): Future<T> {
    const { body } = this;
    return this.isGenerator ? bindBody(body, item, WHERE) : futureOf(body(item), WHERE);
  }

  protected parts(): (Cancellable | null)[] {
    return [this.future, this.source];
  }

  override stopWaiting(): void {
    if (this.future === null) this.source.stopWaiting();
  }

  override describe(): string {
    return `${this.source.describe()}.mapAsync`;
  }

  override awaits(): Iterable<AwaitEdge> {
    const { future } = this;
    return future === null ? this.source.awaits() : [{ label: undefined, future: future as Future<unknown> }];
  }
}
