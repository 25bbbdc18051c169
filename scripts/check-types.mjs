// Checks the declarations that users get: every entry point, with `skipLibCheck` off. A declaration that lost a name (because what it
// refers to is `@internal` and was stripped) is no error anywhere else: the name silently becomes `any` in the user's program.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(import.meta.dirname, "..");
const TSC = join(fileURLToPath(import.meta.resolve("typescript/package.json")), "..", "bin", "tsc");

const { name, exports } = JSON.parse(readFileSync(join(ROOT, "packages/toki/package.json"), "utf8"));
const entries = Object.keys(exports).filter((subpath) => !subpath.endsWith(".json"));
/** Checks some entry points under a configuration. */
function check(what, subpaths, config) {
  const dir = mkdtempSync(join(ROOT, ".build", "check-types-"));
  try {
    const imports = subpaths.map((subpath, i) => `export * as e${i} from "${name}${subpath.slice(1)}";\n`);
    writeFileSync(join(dir, "index.ts"), imports.join(""));
    writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({ ...config, files: ["index.ts"] }));
    const args = [TSC, "-p", join(dir, "tsconfig.json"), "--pretty", "false"];
    const { stdout, stderr, status, error } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
    if (error !== undefined) throw error;
    process.stdout.write(`${stdout}${stderr}`);
    const errors = stdout.split("\n").filter((line) => / error TS\d+: /.test(line)).length;
    process.stdout.write(`${what}: ${subpaths.length} entry points, ${errors} errors\n`);
    if (status !== 0) process.exitCode = 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

mkdirSync(join(ROOT, ".build"), { recursive: true });
check("as here", entries, {
  extends: "../../tsconfig.base.json",
  compilerOptions: {
    composite: false,
    incremental: false,
    declaration: false,
    declarationMap: false,
    noEmit: true,
    skipLibCheck: false,
  },
});
// Sockets are Node's; all else needs no more than the default `lib`.
check(
  "in a new project",
  entries.filter((subpath) => subpath !== "./net"),
  {
    compilerOptions: {
      strict: true,
      target: "ES2022",
      module: "NodeNext",
      types: [],
      noEmit: true,
      skipLibCheck: false,
    },
  },
);
