/**
 * Toki: the Tokio runtime model for TypeScript.
 *
 * @module
 */
export * from "./future/index.js";
export { InvalidArgumentError } from "./internal/invalid-argument.js";
export * from "./macros/index.js";
export * from "./runtime/index.js";
export * from "./task/index.js";
export * from "./time/index.js";
