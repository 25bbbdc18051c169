/** What a `MessagePort` can do: not every set of type declarations has a type of that name. */
export interface PortLike {
  /** Sends a message. */
  postMessage(message: unknown): void;
  /** Begins to deliver messages. */
  start(): void;
  /** Ends the channel. */
  close(): void;
}
