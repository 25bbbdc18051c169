import type { Connection } from "../driver/connection.js";
import { TcpSink } from "./sink.js";

/**
 * The half of a stream to write to; made by {@link TcpStream.split}. It borrows the stream: disposing the stream closes both directions.
 */
export class WriteHalf extends TcpSink {
  /** @internal */
  constructor(connection: Connection) {
    super(connection);
  }
}
