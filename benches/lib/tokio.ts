/** Builds and runs the Rust crate beside this folder, when `cargo` is there. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const exec = promisify(execFile);

// Compiled files live in `.build/lib`, the crate in `tokio`.
const CRATE = new URL("../../tokio/", import.meta.url);

export class Tokio {
  readonly #binary: string;

  private constructor(binary: string) {
    this.#binary = binary;
  }

  /** Gives the reason as a string when the crate cannot be built here. */
  static async build(): Promise<Tokio | string> {
    const folder = fileURLToPath(CRATE);
    try {
      await exec("cargo", ["--version"]);
    } catch {
      return "cargo is not installed: no figures for Tokio";
    }
    try {
      await exec("cargo", ["build", "--release", "--locked", "--quiet", "--target-dir", "target"], { cwd: folder });
    } catch (error) {
      const detail = String((error as { stderr?: string }).stderr ?? error).trim();
      return `the Tokio crate did not build, no figures for Tokio: ${detail}`;
    }
    const name = process.platform === "win32" ? "toki-bench-tokio.exe" : "toki-bench-tokio";
    const binary = fileURLToPath(new URL(`target/release/${name}`, CRATE));
    return existsSync(binary)
      ? new Tokio(binary)
      : "cargo built no binary in the crate's target folder: no figures for Tokio";
  }

  async measure(name: string): Promise<number[]> {
    const { stdout } = await exec(this.#binary, [name]);
    const line = JSON.parse(stdout) as { samples: number[] };
    return line.samples;
  }
}
