// What a plain call, an await and a spawn cost on this machine. `npm run bench` measures with more care.
// Program 81.
import { type Future, fn, main, spawn } from "toki";

function add(a: number, b: number): number {
  return a + b;
}

const addAsync = fn(function* addAsync(a: number, b: number) {
  return a + b;
});

const calls = fn(function* calls(n: number) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum = add(sum, i) | 0;
  return sum;
});

const awaits = fn(function* awaits(n: number) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum = (yield* addAsync(sum, i)) | 0;
  return sum;
});

const spawns = fn(function* spawns(n: number) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum = (yield* spawn(addAsync(sum, i))) | 0;
  return sum;
});

const measure = fn(function* measure(name: string, work: (n: number) => Future<number>, n: number) {
  yield* work(n / 10); // warm up
  const start = performance.now();
  const sum = yield* work(n);
  const ns = ((performance.now() - start) * 1e6) / n;
  console.log(`${name.padEnd(16)} ${ns.toFixed(1).padStart(8)} ns   (checksum ${sum})`);
});

await main(function* () {
  yield* measure("call", calls, 10_000_000);
  yield* measure("await", awaits, 1_000_000);
  yield* measure("spawn and await", spawns, 300_000);
});
