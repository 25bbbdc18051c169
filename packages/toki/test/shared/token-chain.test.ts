import assert from "node:assert/strict";
import { test } from "node:test";
import { CancellationToken } from "toki/shared";
import { blocksInUse } from "../threads/support.js";

test("a chain of 100,000 tokens goes when the last of it is disposed", () => {
  const before = blocksInUse();
  let deepest = new CancellationToken();
  for (let i = 0; i < 100_000; i++) {
    const parent = deepest;
    deepest = parent.childToken();
    parent[Symbol.dispose]();
  }
  assert.ok(blocksInUse() >= before + 100_000);
  deepest[Symbol.dispose]();
  assert.equal(blocksInUse(), before);
});
