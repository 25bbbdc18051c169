// How `scripts/test.mjs` shows what happened: node's own `spec` reporter, fed with the events of all files, or one
// line for each file. Both end with node's summary.
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import * as reporters from "node:test/reporters";
import { inspect } from "node:util";

const seconds = (ms) => `${(ms / 1000).toFixed(ms < 9_950 ? 2 : 1)} s`;
const indent = (text) => text.replace(/^(?=.)/gm, "    ");
const summary = (totals) => Object.entries(totals).map(([key, value]) => `${key} ${value}`);

export function specReport() {
  // `spec` is a class in some versions and a function that makes one in others.
  const spec = new reporters.spec();
  const out = new PassThrough();
  spec.pipe(out).pipe(process.stdout, { end: false });
  const diagnostic = (message) => spec.write({ type: "test:diagnostic", data: { nesting: 0, message, level: "info" } });
  return {
    file({ events, output, failures, file }) {
      if (output !== "" && failures.length > 0) diagnostic(`output of ${file.source}:\n${indent(output.trimEnd())}`);
      for (const { type, data } of events) {
        const error = data.details?.error;
        if (error !== undefined) {
          const { text } = error;
          data.details.error = { ...error, [inspect.custom]: () => text };
        }
        spec.write({ type, data });
      }
    },
    async end(totals) {
      for (const line of summary(totals)) diagnostic(line);
      spec.end();
      await finished(out);
    },
  };
}

export function compactReport(total) {
  const write = (text) => process.stdout.write(text);
  const width = String(total).length;
  let done = 0;
  return {
    file({ file, events, counts, durationMs, output, failures }) {
      const failed = failures.length > 0;
      const odd = [`${counts.tests} tests`];
      for (const key of ["fail", "cancelled", "skipped", "todo"])
        if (counts[key] > 0) odd.push(`${counts[key]} ${key}`);
      const at = `[${String(++done).padStart(width)}/${total}]`;
      write(`${at} ${failed ? "FAIL" : "ok  "} ${file.source} (${odd.join(", ")}, ${seconds(durationMs)})\n`);
      for (const { name, error } of failures) write(`  not ok ${name}\n${indent(error)}\n`);
      for (const { type, data } of failed ? events : []) if (type === "test:diagnostic") write(`  # ${data.message}\n`);
      if (failed && output !== "") write(`  output:\n${indent(output.trimEnd())}\n`);
    },
    async end(totals, failures) {
      if (failures.length > 0) write(`\nfailed:\n${failures.map((f) => `  ${f.file}: ${f.name}\n`).join("")}`);
      write(
        `\n${summary(totals)
          .map((line) => `# ${line}\n`)
          .join("")}`,
      );
    },
  };
}
