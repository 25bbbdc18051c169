import { availableParallelism } from "node:os";
import type { Future } from "toki";

export type Measured = Record<string, unknown>;

/** What a section found: figures for `--json`, lines for people, and whether it is as it should be. */
export interface Finding {
  readonly figures: Measured;
  readonly lines: readonly string[];
  readonly ok: boolean;
}

/** One part of the tour. */
export interface Section {
  readonly key: string;
  readonly title: string;
  run(progress: (text: string) => void): Future<Finding>;
}

const onTerminal = (code: string, text: string) => (process.stdout.isTTY ? `\x1b[${code}m${text}\x1b[0m` : text);
const bold = (text: string) => onTerminal("1", text);

/** Prints the tour as it goes, or collects it for one JSON document. The progress line is for terminals only. */
export class Report {
  readonly #started = performance.now();
  readonly #sections: Record<string, Measured & { ok: boolean }> = {};
  #number = 0;
  #ok = true;
  #interrupted: Measured | undefined;

  constructor(private readonly json: boolean) {
    if (!json)
      this.#print(`${bold("Toki")}: Node ${process.version}, ${availableParallelism()} CPUs. Ctrl-C at any time.`);
  }

  begin(section: Section): void {
    this.#number++;
    this.progress(section.title);
  }

  add(section: Section, finding: Finding): void {
    this.#sections[section.key] = { ok: finding.ok, ...finding.figures };
    this.#ok &&= finding.ok;
    this.#print(`${bold(`${this.#number}. ${section.title}`)}${finding.ok ? "" : "  FAILED"}`);
    for (const line of finding.lines) this.#print(`   ${line}`);
  }

  interrupted(figures: Measured, line: string): void {
    this.#interrupted = figures;
    this.#print(`${bold("Ctrl-C")} during part ${this.#number}. ${line}`);
  }

  /** Closes the report; false if something is not as it should be. */
  finish(): boolean {
    const elapsedMs = Math.round(performance.now() - this.#started);
    if (this.json) {
      const { arch, platform, version: node } = process;
      const machine = { node, platform, arch, cpus: availableParallelism() };
      const document = {
        ok: this.#ok,
        interrupted: this.#interrupted ?? false,
        elapsedMs,
        machine,
        sections: this.#sections,
      };
      process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    } else
      this.#print(
        `${bold("Done")} in ${(elapsedMs / 1000).toFixed(1)} s. Next: npm start -- --list, README.md, npm run bench`,
      );
    return this.#ok;
  }

  progress(text: string): void {
    if (this.json || !process.stdout.isTTY) return;
    const line = `${this.#number}. ${text}`.slice(0, process.stdout.columns - 1);
    process.stdout.write(`\r\x1b[K${onTerminal("2", line)}`);
  }

  #print(line: string): void {
    if (this.json) return;
    process.stdout.write(process.stdout.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`);
  }
}
