/*
 * Words, and the values that are nothing but words. The memory may be shared; nobody writes to a message while it is read.
 */
import { LATIN1, MAX_PAYLOAD, PAYLOAD_SHIFT, SHORT, TAG_MASK, UTF16 } from "./tags.js";
import { readLatin1, readUtf16, textView } from "./text.js";

const number64 = new Float64Array(1);
const bigint64 = new BigInt64Array(number64.buffer);
const halves = new Int32Array(number64.buffer);
const { fromCharCode } = String;

export class WordReader {
  /** After the last word read. */
  position = 0;
  protected words: Int32Array = new Int32Array(0);
  private bytes: Uint8Array = new Uint8Array(0);
  private text = textView(this.bytes);
  /** The memory that `bytes` and `text` show. */
  private memory: ArrayBufferLike = this.bytes.buffer;
  /** Whether it is that of `words`, which begins `offset` bytes into it. */
  private isShown = false;
  private offset = 0;

  protected open(words: Int32Array, at: number): void {
    this.position = at;
    if (words === this.words) return;
    this.words = words;
    this.isShown = false;
  }

  protected payload(head: number): number {
    const payload = head >>> PAYLOAD_SHIFT;
    return payload < MAX_PAYLOAD ? payload : this.words[this.position++]! >>> 0;
  }

  protected double(): number {
    const { words, position } = this;
    halves[0] = words[position]!;
    halves[1] = words[position + 1]!;
    this.position = position + 2;
    return number64[0]!;
  }

  protected bigint(): bigint {
    this.double();
    return bigint64[0]!;
  }

  /** A string whose head is the next word. */
  protected string(): string {
    const head = this.words[this.position++]!;
    return ((head >>> 1) & TAG_MASK) === UTF16 ? this.utf16(head) : this.latin1(head);
  }

  protected latin1(head: number): string {
    const count = head >>> PAYLOAD_SHIFT;
    if (count > SHORT) return this.long(LATIN1, this.payload(head));
    const { words } = this;
    let at = this.position;
    let text = "";
    let i = 4;
    for (; i <= count; i += 4) {
      const word = words[at++]!;
      text += fromCharCode(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24);
    }
    if (i - count < 4) {
      const word = words[at++]!;
      if (i - count === 3) text += fromCharCode(word);
      else if (i - count === 2) text += fromCharCode(word & 0xff, word >>> 8);
      else text += fromCharCode(word & 0xff, (word >>> 8) & 0xff, word >>> 16);
    }
    this.position = at;
    return text;
  }

  protected utf16(head: number): string {
    const count = head >>> PAYLOAD_SHIFT;
    if (count > SHORT) return this.long(UTF16, this.payload(head));
    const { words } = this;
    let text = "";
    for (let i = 0; i < count; i += 2) {
      const word = words[this.position++]!;
      text += i + 1 < count ? fromCharCode(word & 0xffff, word >>> 16) : fromCharCode(word);
    }
    return text;
  }

  private long(tag: number, count: number): string {
    if (!this.isShown) this.show();
    const at = this.offset + this.position * 4;
    this.position += tag === LATIN1 ? (count + 3) >>> 2 : (count + 1) >>> 1;
    return tag === LATIN1 ? readLatin1(this.text, at, count) : readUtf16(this.text, at, count);
  }

  /** A copy, with a buffer of its own. */
  protected copy(size: number): Uint8Array<ArrayBuffer> {
    if (!this.isShown) this.show();
    const at = this.offset + this.position * 4;
    this.position += (size + 3) >>> 2;
    return this.bytes.slice(at, at + size) as Uint8Array<ArrayBuffer>;
  }

  /**
   * Makes `bytes` show the memory of `words`: all of it, for the messages to come. Memory can grow, `bytes` does not. All or nothing, as what is called
   * here may throw.
   */
  private show(): void {
    const { buffer, byteOffset, byteLength } = this.words;
    if (buffer !== this.memory || byteOffset + byteLength > this.bytes.length) {
      const bytes = new Uint8Array(buffer, 0, buffer.byteLength);
      const text = textView(bytes);
      this.memory = buffer;
      this.bytes = bytes;
      this.text = text;
    }
    this.offset = byteOffset;
    this.isShown = true;
  }
}
