// Finds the TypeScript blocks of the documentation: fenced blocks in the JSDoc of sources, and in Markdown.
import { readFileSync } from "node:fs";
import { ts } from "ts-morph";

const MODES = ["no-run", "expect-error", "ignore"];

/**
 * @typedef {object} Block
 * @property {number} line the line of the first line of code, from 1
 * @property {string} code
 * @property {"run" | "no-run" | "expect-error" | "ignore"} mode
 * @property {string[]} unknown words of the fence that mean nothing here
 */

/** @returns {Block[]} */
export function blocksOf(path) {
  const text = readFileSync(path, "utf8");
  return path.endsWith(".md") ? fences(text.split(/\r?\n/), 1) : comments(path, text).flatMap(inComment);
}

/** The JSDoc comments of a source file: its line and its lines without the stars. */
function comments(path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found = new Map();
  const visit = (node) => {
    for (const doc of node.jsDoc ?? []) found.set(doc.pos, doc.end);
    // Not forEachChild: it leaves out the end of the file, which carries the comments after the last statement.
    for (const child of node.getChildren(file)) if (!ts.isJSDoc(child)) visit(child);
  };
  visit(file);
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([pos, end]) => ({
      line: file.getLineAndCharacterOfPosition(pos).line + 1,
      lines: text.slice(pos, end).split(/\r?\n/),
    }));
}

function inComment({ line, lines }) {
  const bare = lines.map((text, i) => {
    const start = i === 0 ? text.replace(/^\/\*\*+ ?/, "") : text.replace(/^\s*\* ?(?!\/)/, "");
    return start.replace(/\*\/$/, "").replaceAll("*\\/", "*/");
  });
  return fences(bare, line);
}

function fences(lines, firstLine) {
  const blocks = [];
  for (let i = 0; i < lines.length; i++) {
    const open = /^(\s*)(`{3,}|~{3,})\s*([^\s`]*)(.*)$/.exec(lines[i]);
    if (open === null) continue;
    const [, indent, fence, language, rest] = open;
    const start = i + 1;
    const isClose = (text) => text.trim().startsWith(fence) && text.trim().replaceAll(fence[0], "") === "";
    while (++i < lines.length && !isClose(lines[i]));
    if (language !== "ts" && language !== "typescript") continue;
    const words = rest.split(/[\s,]+/).filter((word) => word !== "" && !word.includes("="));
    blocks.push({
      line: firstLine + start,
      code: lines
        .slice(start, i)
        .map((text) => (text.startsWith(indent) ? text.slice(indent.length) : text.trimStart()))
        .join("\n"),
      mode: MODES.find((mode) => words.includes(mode)) ?? "run",
      unknown: words.filter((word) => !MODES.includes(word)),
    });
  }
  return blocks;
}
