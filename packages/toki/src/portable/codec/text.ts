/*
 * Long strings as bytes. Node, Deno and Bun have `Buffer`, whose conversions are native; elsewhere plain loops do.
 */
interface NativeBytes extends Uint8Array {
  write(text: string, offset: number, length: number, encoding: "latin1" | "utf16le"): number;
  toString(encoding?: "latin1" | "utf16le", start?: number, end?: number): string;
}
interface NativeBuffer {
  from(buffer: ArrayBufferLike, byteOffset: number, length: number): NativeBytes;
  readonly prototype: object;
}

const Native = (globalThis as { Buffer?: NativeBuffer }).Buffer;
/** The engine knows of most strings that they are Latin-1 and does not look at their characters for this. */
const WIDE = /[\u0100-\uffff]/;
/** How many arguments a call may have on every engine. */
const CHUNK = 4096;

/** What the functions below work on: `bytes` itself, or the platform's own view of the same memory. */
export function textView(bytes: Uint8Array): Uint8Array {
  return Native === undefined ? bytes : Native.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The prototype of `Buffer`, if there is one. */
export const BUFFER_PROTOTYPE: object | undefined = Native?.prototype;

export function isLatin1(text: string): boolean {
  return !WIDE.test(text);
}

export function writeLatin1(view: Uint8Array, text: string, at: number): void {
  if (Native !== undefined) (view as NativeBytes).write(text, at, text.length, "latin1");
  else for (let i = 0; i < text.length; i++) view[at + i] = text.charCodeAt(i);
}

export function writeUtf16(view: Uint8Array, text: string, at: number): void {
  if (Native !== undefined) {
    (view as NativeBytes).write(text, at, text.length * 2, "utf16le");
    return;
  }
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    view[at + 2 * i] = unit;
    view[at + 2 * i + 1] = unit >> 8;
  }
}

export function readLatin1(view: Uint8Array, at: number, length: number): string {
  if (Native !== undefined) return (view as NativeBytes).toString("latin1", at, at + length);
  let text = "";
  for (let from = at, end = at + length; from < end; from += CHUNK) {
    text += String.fromCharCode(...view.subarray(from, Math.min(from + CHUNK, end)));
  }
  return text;
}

export function readUtf16(view: Uint8Array, at: number, units: number): string {
  if (Native !== undefined) return (view as NativeBytes).toString("utf16le", at, at + 2 * units);
  let text = "";
  for (let done = 0; done < units; done += CHUNK) {
    const chunk: number[] = [];
    const end = Math.min(done + CHUNK, units);
    for (let i = done; i < end; i++) chunk.push(view[at + 2 * i]! | (view[at + 2 * i + 1]! << 8));
    text += String.fromCharCode(...chunk);
  }
  return text;
}
