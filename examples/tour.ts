// The tour: one screen of real work, and what it measured on this machine.
//   npm start                 the tour
//   npm start -- --json       one JSON document instead of the screen
//   npm start NAME            runs an example by itself, such as `npm start retry`
//   npm start -- --list       names the examples
import { existsSync, readdirSync } from "node:fs";

// Ctrl-C while the rest is still being loaded. From then on the tour listens itself.
const early = () => process.exit(0);
process.on("SIGINT", early);

const here = new URL(".", import.meta.url);
const [first] = process.argv.slice(2);

function exampleNames(): string[] {
  return readdirSync(here)
    .filter((file) => file.endsWith(".js") && file !== "tour.js")
    .map((file) => file.slice(0, -".js".length));
}

function refuse(message: string): void {
  console.error(message);
  process.exitCode = 2;
}

async function runTour(json: boolean): Promise<void> {
  const [{ main }, { Report }, { tour }] = await Promise.all([
    import("toki"),
    import("./tour/report.js"),
    import("./tour/sections.js"),
  ]);
  const report = new Report(json);
  const done = main(tour(report));
  process.off("SIGINT", early); // main listens, and the tour from its first poll on: before the event loop has its next turn
  await done;
  if (!report.finish()) process.exitCode = 1;
}

async function runExample(name: string): Promise<void> {
  const file = new URL(`${name}.js`, here);
  if (name === "tour" || !/^[\w-]+$/.test(name) || !existsSync(file)) {
    refuse(`no example is called ${name}; there are:\n  ${exampleNames().join("\n  ")}`);
    return;
  }
  process.off("SIGINT", early);
  process.argv.splice(2, 1); // as if it had been started directly
  process.setSourceMapsEnabled(true); // errors and reports show lines of the source
  await import(file.href);
}

if (first === undefined || first === "--json") await runTour(first === "--json");
else if (first === "--list") console.log(exampleNames().join("\n"));
else if (first.startsWith("-")) refuse(`unknown option ${first}; use --json, --list, or the name of an example`);
else await runExample(first);
