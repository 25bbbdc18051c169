/*
 * Development warnings: each text once in a process, through the platform's warning channel. NODE_ENV=production turns them off.
 */

interface ProcessLike {
  readonly env?: Record<string, string | undefined>;
  emitWarning?(message: string, options: { type: string; code: string }): void;
}

const host = (globalThis as { process?: ProcessLike }).process;

/** @internal */
export const isDevelopment: boolean = host?.env?.NODE_ENV !== "production";

const seen = new Set<string>();

/** @internal */
export function warnOnce(code: string, message: string): void {
  if (!isDevelopment || seen.has(message)) return;
  seen.add(message);
  if (host?.emitWarning !== undefined) host.emitWarning(message, { type: "TokiWarning", code });
  else console.warn(`TokiWarning [${code}]: ${message}`);
}
