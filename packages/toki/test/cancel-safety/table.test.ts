import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { documentedAs, futureOperations, notOperations } from "./operations.js";
import { table } from "./table.js";

interface Row {
  readonly section: string;
  readonly operation: string;
  readonly claim: string;
}

function rowsOf(markdown: string): Row[] {
  const rows: Row[] = [];
  let section = "";
  for (const line of markdown.split("\n")) {
    const cells = /^\| (.+?) \| (.*)\|$/.exec(line);
    if (cells === null) continue;
    const [operation, claim] = [cells[1]!.trim(), cells[2]!.trim()];
    if (operation === "operation" || /^-+$/.test(operation)) continue;
    const title = /^\*\*(.+)\*\*$/.exec(operation);
    if (title === null) rows.push({ section, operation, claim });
    else section = title[1]!;
  }
  return rows;
}

const spansOf = (operation: string) => [...operation.matchAll(/`(.+?)`/g)].map((span) => span[1]!);

describe("docs/cancel-safety.md", () => {
  const documented = rowsOf(readFileSync(new URL("../../../../docs/cancel-safety.md", import.meta.url), "utf8"));
  const proved: Row[] = table.flatMap(([section, proofs]) =>
    proofs.map(({ operation, claim }) => ({ section, operation, claim })),
  );
  const text = ({ section, operation, claim }: Row) => `${section} | ${operation} | ${claim}`;

  test("every row has its proof, word for word, and every proof its row", () => {
    assert.ok(documented.length > 30, "the table was not found");
    assert.deepEqual(proved.map(text).toSorted(), documented.map(text).toSorted());
    assert.equal(new Set(documented.map(text)).size, documented.length);
  });

  test("every operation that a row names is dropped in its proof, polled and unpolled", () => {
    for (const [, proofs] of table) {
      for (const { operation, proof } of proofs) {
        const names = Object.keys(proof);
        for (const span of spansOf(operation)) {
          const mine = names.filter((name) => name.startsWith(span));
          assert.ok(mine.length > 0, `${operation}: no proof of ${span}`);
        }
        assert.ok(
          names.some((name) => name.includes("never polled")),
          `${operation}: no drop without a poll`,
        );
      }
    }
  });

  test("every public operation that gives a future has its row", () => {
    const operations = futureOperations(new URL("../../dist/", import.meta.url));
    assert.deepEqual(operations, [...Object.keys(documentedAs), ...notOperations].toSorted());
    for (const [operation, [section, span]] of Object.entries(documentedAs)) {
      const rows = documented.filter((row) => row.section === section && spansOf(row.operation).includes(span));
      assert.equal(rows.length, 1, `${operation}: ${section} | ${span}`);
    }
  });
});
