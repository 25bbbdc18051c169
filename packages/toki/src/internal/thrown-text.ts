/** What a report says of a value that was thrown: its stack, or itself as text. @internal */
export function thrownText(error: unknown): string {
  try {
    return error instanceof Error ? (error.stack ?? String(error)) : String(error);
  } catch {
    return "with a value that has no text"; // an object without a prototype, or one that throws when it is looked at
  }
}
