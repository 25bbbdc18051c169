interface ProcessLike {
  getBuiltinModule?(
    id: string,
  ): { readonly constants?: { readonly signals?: Readonly<Record<string, number>> } } | undefined;
}

/** The platform's signals by name. Undefined where there are none to ask for. @internal */
export function signalNumbers(): Readonly<Record<string, number>> | undefined {
  const { process } = globalThis as { process?: ProcessLike };
  return process?.getBuiltinModule?.("node:os")?.constants?.signals;
}
