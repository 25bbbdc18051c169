// Which compiled test files there are, and which of them still have a source.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** The projects that hold tests. Each says in its own tsconfig where its output goes. */
function projects(root) {
  const packages = join(root, "packages");
  const dirs = existsSync(packages) ? readdirSync(packages).map((name) => join(packages, name, "test")) : [];
  return [...dirs, join(root, "examples")].filter((dir) => existsSync(join(dir, "tsconfig.json"))).map(project);
}

function project(dir) {
  const path = join(dir, "tsconfig.json");
  const { compilerOptions = {} } = JSON.parse(readFileSync(path, "utf8"));
  if (typeof compilerOptions.outDir !== "string") throw new Error(`${path}: expected compilerOptions.outDir`);
  return { source: join(dir, compilerOptions.rootDir ?? "."), compiled: join(dir, compilerOptions.outDir) };
}

function* walk(dir, skipHidden) {
  if (!existsSync(dir)) return;
  for (const entry of readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name === "node_modules" || (skipHidden && entry.name.startsWith("."))) continue;
    const path = join(dir, entry.name);
    if (entry.isDirectory()) yield* walk(path, skipHidden);
    else yield path;
  }
}

/**
 * Lists the tests whose path (source or compiled, from the root, with `/`) contains one of `filters`, or all of them.
 * Compiled tests without a source are deleted: a test that was removed or renamed must not go on passing.
 */
export function findTests(root, filters) {
  const files = [];
  const removed = [];
  const notCompiled = [];
  const name = (path) => relative(root, path).split(sep).join("/");
  const wanted = (...paths) => filters.length === 0 || filters.some((f) => paths.some((path) => path.includes(f)));
  for (const { source, compiled } of projects(root)) {
    const sources = new Set();
    for (const path of walk(source, true)) {
      if (!path.endsWith(".test.ts")) continue;
      const stem = relative(source, path).slice(0, -".ts".length);
      const js = join(compiled, `${stem}.js`);
      sources.add(js);
      if (!wanted(name(path), name(js))) continue;
      if (existsSync(js)) files.push({ source: name(path), compiled: js });
      else notCompiled.push(name(path));
    }
    for (const path of [...walk(compiled, false)]) {
      if (!path.endsWith(".test.js") || sources.has(path)) continue;
      removed.push(name(path));
      const stem = path.slice(0, -".js".length);
      for (const end of [".js", ".js.map", ".d.ts", ".d.ts.map"]) rmSync(stem + end, { force: true });
    }
  }
  return { files, removed, notCompiled };
}
