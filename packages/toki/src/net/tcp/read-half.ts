import type { Connection } from "../driver/connection.js";
import { TcpSource } from "./source.js";

/**
 * The half of a stream to read from; made by {@link TcpStream.split}. It borrows the stream: disposing the stream closes both directions.
 */
export class ReadHalf extends TcpSource {
  /** @internal */
  constructor(connection: Connection) {
    super(connection);
  }
}
