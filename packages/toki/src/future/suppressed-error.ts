interface SuppressedErrorShape extends Error {
  error: unknown;
  suppressed: unknown;
}

/**
 * Two errors at once: one that was thrown while another was on its way. The language's `SuppressedError` where the engine has it (not yet on
 * Node 20), otherwise an error of the same name and shape.
 *
 * @internal
 */
export function suppressed(error: unknown, earlier: unknown): Error {
  const Native = (globalThis as { SuppressedError?: new (e: unknown, s: unknown, m: string) => Error }).SuppressedError;
  const message = "An error was suppressed during cleanup";
  if (Native !== undefined) return new Native(error, earlier, message);
  const made = new Error(message) as SuppressedErrorShape;
  made.name = "SuppressedError";
  made.error = error;
  made.suppressed = earlier;
  return made;
}
