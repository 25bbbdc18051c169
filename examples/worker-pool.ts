// Tasks pinned to threads: each thread of the pool has a cache of its own, and a customer always comes to the same one.
import { fn, join, main } from "toki";
import { WorkerPool } from "toki/util";

/** Of this thread: every thread that imports the module has one. */
const accounts = new Map<string, number>();

const deposit = fn(import.meta, function* deposit(customer: string, amount: number) {
  const balance = (accounts.get(customer) ?? 0) + amount;
  accounts.set(customer, balance);
  return { balance, customersHere: accounts.size };
});

await main(function* () {
  const pool = new WorkerPool(2);
  const seatOf = (customer: string) => (customer.codePointAt(0) as number) % pool.numThreads;
  const at = (customer: string, amount: number) => pool.spawnPinnedByIdx(deposit(customer, amount), seatOf(customer));

  yield* join(at("alice", 10), at("bob", 20), at("carol", 30));
  const [alice, bob] = yield* join(at("alice", 5), at("bob", 5));
  console.log("alice:", alice.balance, "with", alice.customersHere, "customers on her thread");
  console.log("bob:", bob.balance, "with", bob.customersHere);
  console.log("here:", accounts.size, "loads:", pool.taskLoads());
  pool.shutdownBackground();
});
