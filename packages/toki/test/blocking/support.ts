interface WaitAsync {
  waitAsync(cell: Int32Array, index: number, value: number, ms: number): { value: Promise<string> | string };
}

export function cells(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(16));
}

/** Resolves once `count` jobs of `gate` or `forever` have begun. */
export async function begun(cell: Int32Array, count = 1): Promise<void> {
  for (let seen = Atomics.load(cell, 0); seen < count; seen = Atomics.load(cell, 0)) {
    const wait = (Atomics as unknown as WaitAsync).waitAsync(cell, 0, seen, 10_000);
    // A pending waitAsync does not keep the process alive.
    const hold = setInterval(() => {}, 1000);
    try {
      if ((await wait.value) === "timed-out") throw new Error("the job did not begin");
    } finally {
      clearInterval(hold);
    }
  }
}

export function open(cell: Int32Array): void {
  Atomics.store(cell, 1, 1);
  Atomics.notify(cell, 1);
}
