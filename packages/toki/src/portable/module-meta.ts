import { invalidArgument } from "../internal/invalid-argument.js";

/** The part of `import.meta` that says which module a function is in. */
export interface ModuleMeta {
  /** The module's URL. */
  readonly url: string;
}

/** @throws InvalidArgumentError unless `meta` says where its module is @internal */
export function urlOf(meta: ModuleMeta, where: string): string {
  const url: unknown = meta?.url;
  if (typeof url !== "string" || url === "") throw invalidArgument(where, "meta", "import.meta", meta);
  return url;
}

/** @throws InvalidArgumentError unless `body` has a name @internal */
export function nameOf(body: { readonly name: string }, where: string, example: string): string {
  const { name } = body;
  if (name !== "") return name;
  throw invalidArgument(where, "body", `a named function, \`${example}\`; a minifier must keep names`, body);
}

/** What a function is known by on every thread. @internal */
export function keyOf(url: string, name: string): string {
  return `${url}#${name.replaceAll("#", "%23")}`; // that of a private method begins with one
}

/** The function's name in its key. @internal */
export function nameIn(key: string): string {
  return key.slice(key.lastIndexOf("#") + 1).replaceAll("%23", "#");
}
