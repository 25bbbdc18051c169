import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { table } from "./table.js";

/** The list as it is written: the lines under each heading. */
function written(): [section: string, names: string[]][] {
  // The compiled test is in .test/cancellation, the list beside the sources.
  const text = readFileSync(new URL("../../test/cancellation/scenarios.md", import.meta.url), "utf8");
  return text
    .split("\n## ")
    .slice(1)
    .map((section) => {
      const [title = "", ...lines] = section.split("\n");
      return [title, lines.filter((line) => line.startsWith("- ")).map((line) => line.slice(2))];
    });
}

describe("scenarios.md", () => {
  test("lists every row of the table, in its order, and nothing else", () => {
    assert.deepEqual(
      written(),
      table.map(([section, rows]) => [section, rows.map((row) => row.name)]),
    );
  });

  test("no two scenarios have one name", () => {
    const names = table.flatMap(([section, rows]) => rows.map((row) => `${section}: ${row.name}`));
    assert.equal(new Set(names).size, names.length);
  });

  test("every row says what runs it", () => {
    for (const [, rows] of table) {
      for (const row of rows) assert.equal((row.body === undefined) !== (row.outside === undefined), true, row.name);
    }
  });
});
