/*
 * A schedule as text. `e1`, then `y` if forced yields are choices, then for each choice other than 0 `-`, how many zeros come before it, and `.` and the
 * choice unless it is 1; then `_` and a checksum of the steps that were taken. Numbers are in base 36: `e1-4-0.2_9f3k2`.
 */
const FORMAT = /^e1(y?)((?:-[0-9a-z]+(?:\.[0-9a-z]+)?)*)_([0-9a-z]+)$/;
const MAX_CHOICES = 1_000_000;

/** @internal */
export interface Schedule {
  readonly choices: readonly number[];
  readonly forceYields: boolean;
  /** Of the steps that were taken when it was recorded. */
  readonly checksum: number;
}

/** @internal */
export function encodeSchedule({ choices, forceYields, checksum }: Schedule): string {
  let text = forceYields ? "e1y" : "e1";
  let zeros = 0;
  for (const choice of choices) {
    if (choice === 0) {
      zeros++;
      continue;
    }
    text += `-${zeros.toString(36)}${choice === 1 ? "" : `.${choice.toString(36)}`}`;
    zeros = 0;
  }
  return `${text}_${checksum.toString(36)}`;
}

/** Undefined if the text is no schedule. @internal */
export function decodeSchedule(text: string): Schedule | undefined {
  const match = FORMAT.exec(text);
  if (match === null) return undefined;
  const choices: number[] = [];
  for (const item of (match[2] as string).split("-").slice(1)) {
    const [zeros, choice] = item.split(".");
    const count = Number.parseInt(zeros as string, 36);
    if (choices.length + count > MAX_CHOICES) return undefined;
    for (let i = 0; i < count; i++) choices.push(0);
    choices.push(choice === undefined ? 1 : Number.parseInt(choice, 36));
  }
  return { choices, forceYields: match[1] === "y", checksum: Number.parseInt(match[3] as string, 36) };
}
