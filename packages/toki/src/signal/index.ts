/**
 * Signals of the operating system.
 *
 * @module
 */
export { ctrlC } from "./ctrl-c.js";
export { Signal, signal } from "./signal.js";
export { SignalKind } from "./signal-kind.js";
