/**
 * Input and output: the interfaces that sockets implement, and the error they throw.
 *
 * @module
 */
export type { AsyncRead } from "./async-read.js";
export type { AsyncWrite } from "./async-write.js";
export { IoError } from "./io-error.js";
export type { IoErrorKind } from "./io-error-kind.js";
