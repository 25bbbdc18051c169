import type { Future } from "../../future/future.js";
import { Done } from "../done.js";
import { FutureStream } from "./future-stream.js";

/** A reader's pieces: the value is undefined at the end. Errors are items; whether the reader can go on is up to it. @internal */
export class PieceStream<T> extends FutureStream<T | undefined, T> {
  private readonly reader: Partial<Disposable>;
  private readonly nextPiece: () => Future<T | undefined>;

  constructor(reader: object, next: () => Future<T | undefined>) {
    super();
    this.reader = reader;
    this.nextPiece = next;
  }

  protected pull(): Future<T | undefined> {
    return this.nextPiece();
  }

  protected itemOf(value: T | undefined): T | Done {
    return value === undefined ? Done : value;
  }

  protected release(): void {
    this.reader[Symbol.dispose]?.();
  }

  override describe(): string {
    return "reader";
  }
}
