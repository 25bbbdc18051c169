// Lists what the public documentation lacks. Public is what the entry points of packages/toki/package.json export. Asked for are:
//
//   summary         of every export, and of every public member of a class or an interface
//   example         of every function and class: a block of TypeScript after `@example` (which scripts/doc-examples.mjs runs); a class
//                   may leave it to its methods, if each of them has one
//   cancel-safety   of every function and method that returns a future: a sentence on "Cancel safety", in its own JSDoc or in that
//                   of the kind of future it returns
//
// A member that overrides or implements a documented one inherits its documentation.
// Left out are `@internal`, private and protected members, those that begin with `_`, those named by a symbol, and the
// `name` and `code` of errors, which mean the same in all of them.
import { readFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { parseArgs } from "node:util";
import { Node, Project } from "ts-morph";

const ROOT = resolve(import.meta.dirname, "..");
const HELP = `usage: node scripts/check-docs.mjs [options]

  --package DIR   the package to check (default packages/toki)
  --max-gaps N    succeed while there are no more than N gaps (default 0)
  --json          print one JSON object instead of the list
`;

function fail(message) {
  process.stderr.write(`scripts/check-docs.mjs: ${message}\n`);
  process.exit(2);
}

/** The source files behind the `exports` of a package: `./dist/x/index.d.ts` is built from `src/x/index.ts`. */
function entryPoints(dir) {
  const { name, exports } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"));
  const typesOf = (target) => {
    if (typeof target === "string") return /\.d\.[cm]?ts$/.test(target) ? target : undefined;
    for (const value of Object.values(target ?? {})) {
      const found = typesOf(value);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return Object.entries(exports).flatMap(([subpath, target]) => {
    const types = typesOf(target);
    if (types === undefined) return [];
    const source = types.replace("./dist/", "src/").replace(/\.d\.([cm]?)ts$/, ".$1ts");
    return [{ name: name + subpath.slice(1), path: join(dir, source) }];
  });
}

/** The JSDoc texts of some declarations of one thing, which document it together (overloads, merged declarations). */
function docsOf(declarations) {
  return declarations.flatMap((declaration) => {
    const nodes = Node.isVariableDeclaration(declaration)
      ? [declaration.getVariableStatement()]
      : Node.isFunctionDeclaration(declaration) || Node.isMethodDeclaration(declaration)
        ? [declaration, ...declaration.getOverloads()]
        : [declaration];
    return nodes.filter((node) => node !== undefined && Node.isJSDocable(node)).flatMap((node) => node.getJsDocs());
  });
}

const hasSummary = (docs) => docs.some((doc) => doc.getDescription().trim() !== "");
const isInternal = (docs) => docs.some((doc) => /@internal\b/.test(doc.getText()));
const hasCancelSafety = (docs) => docs.some((doc) => /cancel[ -]safe(ty)?\b/i.test(doc.getText()));
const hasExample = (docs) =>
  docs.some((doc) =>
    doc.getTags().some((tag) => tag.getTagName() === "example" && /^[\s*]*```(ts|typescript)\b/m.test(tag.getText())),
  );

/** What a class or an interface extends. An instance of a generic one (`Sender<number>`) has its bases at the generic. */
const directBases = (type) => (type.getTargetType() ?? type).getBaseTypes();

/** The kinds of future a call may return: every part of the type that is or extends `Future`. */
function futuresOf(type) {
  if (type.isUnion() || type.isIntersection()) {
    return [...type.getUnionTypes(), ...type.getIntersectionTypes()].flatMap(futuresOf);
  }
  const isFuture = (one) => one.getSymbol()?.getName() === "Future" || directBases(one).some(isFuture);
  return isFuture(type) ? [type] : [];
}

/** Does a call return a future whose behaviour when cancelled is nowhere described? */
function lacksCancelSafety(signatures, docs) {
  if (hasCancelSafety(docs)) return false;
  return signatures
    .flatMap((signature) => futuresOf(signature.getReturnType()))
    .some((type) => {
      // `Future` itself says what is true of all futures, which does not answer for this one.
      const symbol = type.getSymbol();
      return symbol.getName() === "Future" || !hasCancelSafety(docsOf(symbol.getDeclarations()));
    });
}

class Check {
  #seen = new Set();
  #gaps = [];
  symbols = 0;

  entry(name, exported, prefix = "") {
    for (const [key, declarations] of exported) {
      const [first] = declarations;
      if (first === undefined || first.getSourceFile().isInNodeModules()) continue;
      const label = prefix + key;
      const id = `${first.getSourceFile().getFilePath()}:${first.getPos()}`;
      if (this.#seen.has(id)) continue;
      this.#seen.add(id);
      if (Node.isSourceFile(first)) this.entry(name, first.getExportedDeclarations(), `${label}.`);
      else this.#symbol(name, label, declarations);
    }
  }

  #symbol(entry, label, declarations) {
    const docs = docsOf(declarations);
    if (isInternal(docs)) return;
    this.symbols++;
    const [first] = declarations;
    const gap = (what) => this.#gap(entry, label, first, what);
    if (!hasSummary(docs)) gap("summary");

    const signatures = declarations.flatMap((declaration) =>
      Node.isFunctionDeclaration(declaration) || Node.isVariableDeclaration(declaration)
        ? declaration.getType().getCallSignatures()
        : [],
    );
    if (signatures.length > 0) {
      if (!hasExample(docs)) gap("example");
      if (lacksCancelSafety(signatures, docs)) gap("cancel-safety");
    }
    for (const declaration of declarations) {
      if (Node.isClassDeclaration(declaration)) this.#class(entry, label, declaration, docs);
      else if (Node.isInterfaceDeclaration(declaration))
        this.#members(entry, label, declaration, declaration.getMembers());
      else if (Node.isModuleDeclaration(declaration))
        this.entry(entry, declaration.getExportedDeclarations(), `${label}.`);
    }
  }

  #class(entry, label, declaration, docs) {
    const members = declaration.getMembers().filter((member) => !Node.isConstructorDeclaration(member));
    const parameters = declaration.getConstructors().flatMap((one) => one.getParameters());
    const all = [...members, ...parameters.filter((parameter) => parameter.isParameterProperty())];
    const documented = this.#members(entry, label, declaration, all);
    const methods = documented.filter(({ member }) => Node.isMethodDeclaration(member));
    const leftToMethods = methods.length > 0 && methods.every((method) => hasExample(method.docs));
    if (!hasExample(docs) && !leftToMethods) this.#gap(entry, label, declaration, "example");
  }

  /** Checks the public members and returns them with their documentation, inherited included. */
  #members(entry, label, owner, members) {
    const bases = basesOf(owner);
    const found = [];
    const isError = bases.some((base) => base.getSymbol()?.getName() === "Error");
    for (const [name, declarations] of grouped(members)) {
      if (isError && (name === "name" || name === "code")) continue;
      const own = docsOf(declarations);
      if (isInternal(own)) continue;
      const inherited = bases.flatMap((base) => base.getProperty(name)?.getDeclarations() ?? []);
      const foreign = inherited.some((node) => node.getSourceFile().isInNodeModules());
      const docs = [...own, ...docsOf(inherited)];
      const [member] = declarations;
      const memberLabel = member.isStatic?.() ? `${label}.${name}` : `${label}#${name}`;
      if (!hasSummary(docs) && !foreign) this.#gap(entry, memberLabel, member, "summary");
      if (lacksCancelSafety(member.getType().getCallSignatures(), docs))
        this.#gap(entry, memberLabel, member, "cancel-safety");
      found.push({ member, docs });
    }
    return found;
  }

  #gap(entry, symbol, node, missing) {
    const file = relative(ROOT, node.getSourceFile().getFilePath()).split(sep).join("/");
    this.#gaps.push({ file, line: node.getStartLineNumber(), entry, symbol, missing });
  }

  get gaps() {
    const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    return this.#gaps.sort(
      (a, b) => order(a.file, b.file) || a.line - b.line || order(a.symbol, b.symbol) || order(a.missing, b.missing),
    );
  }
}

function basesOf(owner) {
  const types = [...directBases(owner.getType())];
  if (Node.isClassDeclaration(owner)) types.push(...owner.getImplements().map((clause) => clause.getType()));
  const withBases = (type) => [type, ...directBases(type).flatMap(withBases)];
  return types.flatMap(withBases);
}

/** The public members by name: overloads and the two halves of an accessor are one. */
function grouped(members) {
  const byName = new Map();
  for (const member of members) {
    if (!("getName" in member)) continue;
    const name = member.getName();
    if (/^[#_[]/.test(name) || ["private", "protected"].includes(member.getScope?.())) continue;
    byName.set(name, [...(byName.get(name) ?? []), member]);
  }
  return byName;
}

function options() {
  try {
    return parseArgs({
      options: {
        package: { type: "string", default: "packages/toki" },
        "max-gaps": { type: "string", default: "0" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return fail(error.message);
  }
}

const { package: directory, "max-gaps": allowedText, json, help } = options();
if (help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const allowed = Number(allowedText);
if (!(Number.isInteger(allowed) && allowed >= 0)) fail(`--max-gaps: expected an integer from 0, got ${allowedText}`);

const dir = resolve(ROOT, directory);
const project = new Project({ tsConfigFilePath: join(dir, "tsconfig.json") });
const check = new Check();
const entries = entryPoints(dir);
const missing = entries.filter(({ path }) => project.getSourceFile(path) === undefined);
if (missing.length > 0)
  fail(`no source for ${missing.map(({ name, path }) => `${name} (${relative(ROOT, path)})`).join(", ")}`);
for (const { name, path } of entries) check.entry(name, project.getSourceFileOrThrow(path).getExportedDeclarations());
if (check.symbols === 0) fail("no public symbol found");

const { gaps, symbols } = check;
if (json) process.stdout.write(`${JSON.stringify({ symbols, allowed, gaps }, null, 2)}\n`);
else {
  for (const { file, line, entry, symbol, missing } of gaps) {
    process.stdout.write(`${file}:${line}: ${entry}: ${symbol} lacks ${missing}\n`);
  }
  process.stdout.write(`${symbols} public symbols, ${gaps.length} gaps, ${allowed} allowed\n`);
}
if (gaps.length < allowed) process.stderr.write(`lower --max-gaps to ${gaps.length}\n`);
process.exitCode = gaps.length > allowed ? 1 : 0;
