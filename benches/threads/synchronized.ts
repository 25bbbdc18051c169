/** What make-synchronized's thread imports. */
export async function incrementLater(x: number): Promise<number> {
  await null;
  return x + 1;
}

export async function echoLater(text: string): Promise<string> {
  await null;
  return text;
}
