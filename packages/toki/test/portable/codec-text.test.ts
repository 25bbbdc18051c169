import assert from "node:assert/strict";
import { test } from "node:test";
import type * as Text from "../../dist/portable/codec/text.js";

const strings = ["", "a", "text of some length", "ÿ".repeat(5000), "€", "a€b", "\ud800x\udc00", "👍🏽".repeat(3000)];

async function load(query: string): Promise<typeof Text> {
  return (await import(new URL(`../../dist/portable/codec/text.js?${query}`, import.meta.url).href)) as typeof Text;
}

test("long strings are the same bytes with and without Buffer", async () => {
  const native = await load("native");
  const { Buffer } = globalThis;
  let plain: typeof Text;
  try {
    (globalThis as { Buffer?: unknown }).Buffer = undefined;
    plain = await load("plain");
  } finally {
    globalThis.Buffer = Buffer;
  }
  assert.equal(plain.BUFFER_PROTOTYPE, undefined);
  assert.equal(native.BUFFER_PROTOTYPE, Buffer.prototype);
  for (const text of strings) {
    const memories = [native, plain].map((way) => {
      const bytes = new Uint8Array(new SharedArrayBuffer(text.length * 2 + 20), 3);
      const view = way.textView(bytes);
      way.writeUtf16(view, text, 7);
      assert.equal(way.readUtf16(view, 7, text.length), text);
      if (way.isLatin1(text)) {
        way.writeLatin1(view, text, 5);
        assert.equal(way.readLatin1(view, 5, text.length), text);
      }
      return bytes;
    });
    assert.deepStrictEqual(memories[0], memories[1]);
  }
});
