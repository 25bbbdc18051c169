/*
 * What the first lines of every thread have in common. Plain text: it runs as CommonJS or as a module, whichever the process's flags make of it.
 *
 * tsx installs itself on the main thread alone, and where Node has no `registerHooks` threads do not inherit that: it is installed on the thread as well.
 */

/** Defines `workerData`, `port`, and `portable` as far as these lines need it: portable/registry.ts adds the rest. @internal */
export const THREAD_PROLOGUE = `
const { workerData } = process.getBuiltinModule("node:worker_threads");
const { port } = workerData.toki;
const portable = (globalThis[Symbol.for("toki.portable")] ??= { functions: new Map(), importing: new Set() });
portable.onWorker = true;
let hasTsx = false;
async function useTsx(url) {
  const loader = process.execArgv.concat((process.env.NODE_OPTIONS ?? "").split(" ")).find((arg) => arg.includes("tsx"));
  const { createRequire, registerHooks } = process.getBuiltinModule("node:module");
  if (loader === undefined || registerHooks !== undefined || hasTsx) return;
  hasTsx = true;
  const { pathToFileURL } = process.getBuiltinModule("node:url");
  const from = /file:\\S+/.exec(loader)?.[0] ?? url;
  const path = createRequire(from).resolve("tsx/esm/api").replace(/\\.cjs$/, ".mjs");
  const api = await import(pathToFileURL(path).href);
  api.register();
}
portable.imported = new Set();
portable.importModule = async (url) => {
  portable.importing.add(url);
  try {
    await useTsx(url);
    const module = await import(url);
    portable.imported.add(url);
    return module;
  } finally {
    portable.importing.delete(url);
  }
};
`;
