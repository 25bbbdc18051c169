/** Whether a receive failed because the channel has no sender any more. @internal */
export function isClosed(error: unknown): boolean {
  return (error as { readonly code?: unknown } | null | undefined)?.code === "TOKI_CHANNEL_CLOSED";
}
