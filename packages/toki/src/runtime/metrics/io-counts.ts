/** What a runtime's thread has counted of its sockets. @internal */
export class IoCounts {
  registered = 0;
  deregistered = 0;
  /** How often an operation that waited was told to look again. */
  ready = 0;
}
