// Two runtimes in one process: a task runs on the runtime it was spawned on, and has that runtime's timers.
// Programs 9, 73, 88.
import { Builder, DriverDisabledError, fn, Handle, Runtime, sleep } from "toki";

const io = new Runtime({ name: "io" });
const cpu = Builder.currentThread().name("cpu").build(); // no drivers enabled

const whereAmI = fn(function* whereAmI() {
  yield* sleep(1);
  return Handle.current().name;
});

const [spawned, here] = await Promise.all([
  io.run(function* () {
    yield* sleep(20); // drives the io runtime meanwhile
    return Handle.current().name;
  }),
  cpu.run(function* () {
    console.log("spawned from cpu, runs on", yield* io.spawn(whereAmI()));
    try {
      yield* sleep(1);
    } catch (error) {
      if (!(error instanceof DriverDisabledError)) throw error;
      console.log(`${Handle.current().name}: ${error.message}`);
    }
    return Handle.current().name;
  }),
]);
console.log(spawned, here);
await io.shutdown();
await cpu.shutdown();
