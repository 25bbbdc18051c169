/**
 * Helpers beside the core: `CancellationToken`.
 *
 * @module
 */
export { CancellationToken } from "./cancellation-token.js";
export { DropGuard } from "./drop-guard.js";
