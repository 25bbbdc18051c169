import { pathToFileURL } from "node:url";

declare const __filename: string | undefined;

/** The URL of the module that this package is in: its own file, or a bundle. One that is CommonJS has a path in its place. @internal */
export function packageUrl(meta: { readonly url?: string }): string {
  return meta.url ?? pathToFileURL(__filename as string).href;
}
