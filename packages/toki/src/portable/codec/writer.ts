/*
 * Words, and the values that are nothing but words. The memory is private to this thread and used again for every message.
 */
import {
  BIGINT,
  BIGINT64,
  DOUBLE,
  FALSE,
  LATIN1,
  MAX_PAYLOAD,
  NULL,
  PAYLOAD_SHIFT,
  SHORT,
  TRUE,
  UNDEFINED,
  UTF16,
} from "./tags.js";
import { isLatin1, textView, writeLatin1, writeUtf16 } from "./text.js";

const FIRST_WORDS = 1024;
/** A message that needed more leaves no larger scratch memory behind. */
const KEPT_WORDS = 1 << 20;
const SHORT_WORDS = 1 + SHORT / 2;

const number64 = new Float64Array(1);
const bigint64 = new BigInt64Array(number64.buffer);
const halves = new Int32Array(number64.buffer);

export class WordWriter {
  /** Private memory, replaced when it is too small. */
  words = new Int32Array(FIRST_WORDS);
  /** How many of the words are written. */
  length = 0;
  private bytes = new Uint8Array(this.words.buffer);
  private text = textView(this.bytes);

  protected restart(): void {
    this.length = 0;
    if (this.words.length > KEPT_WORDS) this.use(new Int32Array(FIRST_WORDS));
  }

  /** Makes room for `count` words. */
  reserve(count: number): void {
    if (this.length + count > this.words.length) this.grow(count);
  }

  head(tag: number, payload: number): void {
    this.reserve(2);
    if (payload < MAX_PAYLOAD) this.words[this.length++] = (payload << PAYLOAD_SHIFT) | (tag << 1);
    else {
      this.words[this.length++] = (MAX_PAYLOAD << PAYLOAD_SHIFT) | (tag << 1);
      this.words[this.length++] = payload;
    }
  }

  /** Leaves room for a tag whose payload is not known yet; {@link WordWriter.close} writes it. */
  open(): number {
    this.reserve(1);
    return this.length++;
  }

  /** Completes the word at `at`; if the payload does not fit, what comes after moves by one word. */
  close(at: number, tag: number, payload: number): void {
    if (payload < MAX_PAYLOAD) {
      this.words[at] = (payload << PAYLOAD_SHIFT) | (tag << 1);
      return;
    }
    this.reserve(1);
    this.words.copyWithin(at + 2, at + 1, this.length++);
    this.words[at] = (MAX_PAYLOAD << PAYLOAD_SHIFT) | (tag << 1);
    this.words[at + 1] = payload;
  }

  word(word: number): void {
    this.reserve(1);
    this.words[this.length++] = word;
  }

  number(value: number): void {
    if (this.length + 3 > this.words.length) this.grow(3);
    const word = (value << 1) | 1;
    if (word >> 1 === value && (word !== 1 || Object.is(value, 0))) this.words[this.length++] = word;
    else {
      this.words[this.length++] = DOUBLE << 1;
      this.double(value);
    }
  }

  /** Two words without a tag. */
  double(value: number): void {
    this.reserve(2);
    number64[0] = value;
    this.words[this.length++] = halves[0]!;
    this.words[this.length++] = halves[1]!;
  }

  bigint(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      this.reserve(3);
      bigint64[0] = value;
      this.words[this.length++] = BIGINT64 << 1;
      this.words[this.length++] = halves[0]!;
      this.words[this.length++] = halves[1]!;
      return;
    }
    this.head(BIGINT, value < 0n ? 1 : 0);
    this.string((value < 0n ? -value : value).toString(16));
  }

  boolean(value: boolean): void {
    this.word(value ? TRUE << 1 : FALSE << 1);
  }

  undefined(): void {
    this.word(UNDEFINED << 1);
  }

  null(): void {
    this.word(NULL << 1);
  }

  string(value: string): void {
    const count = value.length;
    if (count > SHORT) {
      this.longString(value);
      return;
    }
    if (this.length + SHORT_WORDS > this.words.length) this.grow(SHORT_WORDS);
    const { words } = this;
    let at = this.length + 1;
    let word = 0;
    let all = 0;
    for (let i = 0; i < count; i++) {
      const unit = value.charCodeAt(i);
      all |= unit;
      word |= unit << ((i & 3) << 3);
      if ((i & 3) === 3) {
        words[at++] = word;
        word = 0;
      }
    }
    if (all > 0xff) {
      this.shortWide(value);
      return;
    }
    if ((count & 3) !== 0) words[at++] = word;
    words[this.length] = (count << PAYLOAD_SHIFT) | (LATIN1 << 1);
    this.length = at;
  }

  private shortWide(value: string): void {
    const { words } = this;
    const count = value.length;
    words[this.length++] = (count << PAYLOAD_SHIFT) | (UTF16 << 1);
    for (let i = 0; i < count; i += 2) {
      words[this.length++] = value.charCodeAt(i) | (i + 1 < count ? value.charCodeAt(i + 1) << 16 : 0);
    }
  }

  private longString(value: string): void {
    const count = value.length;
    const isNarrow = isLatin1(value);
    const size = isNarrow ? (count + 3) >>> 2 : (count + 1) >>> 1;
    this.head(isNarrow ? LATIN1 : UTF16, count);
    this.reserve(size);
    if (isNarrow) writeLatin1(this.text, value, this.length * 4);
    else writeUtf16(this.text, value, this.length * 4);
    this.length += size;
  }

  /** The bytes alone, without a tag. */
  copy(source: Uint8Array): void {
    const size = (source.length + 3) >>> 2;
    this.reserve(size);
    this.bytes.set(source, this.length * 4);
    this.length += size;
  }

  private grow(count: number): void {
    const { words, length } = this;
    const more = new Int32Array(Math.max(words.length * 2, length + count));
    more.set(words.subarray(0, length));
    this.use(more);
  }

  /** All or nothing: what is called here may throw, for want of stack or memory. */
  private use(words: Int32Array<ArrayBuffer>): void {
    const bytes = new Uint8Array(words.buffer);
    const text = textView(bytes);
    this.words = words;
    this.bytes = bytes;
    this.text = text;
  }
}
