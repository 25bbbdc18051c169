// The reporter `scripts/test.mjs` gives to each test process: one JSON line for each event of the test runner, so that
// the parent can follow tests while they run and draw one report for all files. Errors cross as text, rendered
// here, where their class and their fields are still known.
import { inspect } from "node:util";

export default async function* events(source) {
  for await (const { type, data } of source) {
    if (type === "test:coverage") continue;
    yield `${JSON.stringify({ type, data: { ...data, details: plain(data.details) } })}\n`;
  }
}

function plain(details) {
  if (details?.error === undefined) return details;
  const { error } = details;
  const cause = error.code === "ERR_TEST_FAILURE" && error.cause !== undefined ? error.cause : error;
  return {
    ...details,
    error: { failureType: error.failureType, text: typeof cause === "string" ? cause : inspect(cause) },
  };
}
