import { type BodyOf, bindBody } from "../../future/bound-body.js";
import type { Context } from "../../future/context.js";
import { isGeneratorFunction } from "../../future/fn.js";
import type { Future } from "../../future/future.js";
import { Pending, type Poll } from "../../future/poll.js";
import { settled } from "../../future/settled.js";
import { checkFunction } from "../../internal/invalid-argument.js";
import { Consumer } from "../consumer.js";
import { Done } from "../done.js";
import type { ForEachBody, Stream } from "../stream.js";

const WHERE = "Stream.forEach";

/** @internal */
export class ForEach<T> extends Consumer<T, void> {
  private readonly body: ForEachBody<T>;
  private readonly isGenerator: boolean;
  /** The body of the latest item, while it is under way. */
  private future: Future<unknown> | null;

  constructor(source: Stream<T>, body: ForEachBody<T>) {
    super(source);
    checkFunction(body, WHERE, "body");
    this.body = body;
    this.isGenerator = isGeneratorFunction(body);
    this.future = null;
  }

  protected override run(cx: Context): Poll<void> {
    const { source } = this;
    for (;;) {
      const { future } = this;
      if (future !== null) {
        let value: unknown;
        try {
          value = future.poll(cx);
        } catch (error) {
          this.future = null;
          throw error;
        }
        if (value === Pending) return Pending;
        this.future = null;
      }
      const end = source.pollInto(cx, this);
      if (end === Pending) return Pending;
      if (end === Done) return undefined;
    }
  }

  put(item: T): boolean {
    this.future = this.call(item);
    return this.future === null;
  }

  protected outcome(): void {}

  /** Calls the body; what is left to await of it. */
  private call(item: T): Future<unknown> | null {
    const { body } = this;
    if (this.isGenerator) return bindBody(body as BodyOf<T, unknown>, item, WHERE);
    const result = body(item);
    if (typeof result !== "object" || result === null) return null;
    return settled(result, WHERE);
  }

  protected override get driven(): Future<unknown> | null {
    return this.future;
  }

  protected get method(): string {
    return "forEach";
  }
}
