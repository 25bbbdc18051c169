// Every example runs by itself, prints what it says, and exits with code 0.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import test from "node:test";
import { runExample } from "./support.js";

/** What each example prints. Where a number is measured, a pattern. */
const OUTPUT: Record<string, string | RegExp> = {
  "adaptive-semaphore": /^capacity 8: limit around [5-9]\ncapacity 3: limit around [2-4]\n$/,
  "batching-client": `batch of 4 at 0 ms
batch of 2 at 50 ms
[
  'result 1',
  'result 2',
  'result 3',
  'result 4',
  'result 5',
  'result 6'
]
still collecting: 0
`,
  "biased-select": `biased: { critical: 1000, lessImportant: 0 }
unbiased, both won: true
`,
  "blocking-hash":
    "Hash: 5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8\nthis thread was free: true\n",
  "bounded-fetch": `permits: peak 100
in order: true
mapConcurrent: peak 100
in order: true
`,
  "cancel-workers": `task N was cancelled
abort: 1 begun, 1 cancelled, 1 cleaned up
deadline has elapsed
scope: 4 begun, 4 cancelled, 4 cleaned up
`,
  channel: `Got: message 0
Got: message 1
Got: message 2
Got: message 3
Got: message 4
Channel closed
`,
  cleanup: `aborted; over: false
1. query: cancelled on the server
2. transaction: rolled back
3. request: guard released
task N was cancelled
`,
  // The three that join starts begin in any order, and together.
  dashboard:
    /^user starts\n(?:(?:posts|notifications|settings) starts\n){3}\{\n {2}user: 'alice',\n {2}posts: \[ 'first post' \],\n {2}notifications: 0,\n {2}settings: 'dark'\n\}\n$/,
  database: `hello alice
hello stranger
`,
  "delayed-value": `Got: 42 after 2 polls
Got: 7 after 1 poll
first poll pending: true
second poll: there
`,
  "delay-queue": `a expires
at 120 ms: size 2, a is undefined, c is 2
b expires
at 210 ms: size 1
c expires
at 270 ms: size 1
d expires
at 420 ms: size 0
`,
  detached: `the function has returned, tasks alive: 2
child: finished all the same
value from the child
child: finished all the same
main returns
first: ended
second: ended
`,
  "echo-server":
    /^(?=[\s\S]*unchanged: \[ true, true, true \])(?=[\s\S]*connected client 1\n)(?=[\s\S]*disconnected client 3\n)/,
  executor: `A: pending
B: pending
A: pending
B: ready 1
A: ready 2
`,
  "failing-task": `handled 1
failed: cannot handle request 2
handled 3
server still running
`,
  "graceful-shutdown": `Shutdown signal received (time is up), 5 listen
a task that did not stop was aborted
server: no new connections
worker 1: stopped after its last job
worker 2: stopped after its last job
worker 3: stopped after its last job
worker 4: stopped after its last job
`,
  "hash-files": /^(?:[0-9a-f]{16} .+\n){3}(\d+) of \1 files\n$/,
  "sync-database": `[ 'alice', 'bob' ]
[ [ 1, 'alice' ], [ 2, 'bob' ] ]
here: undefined
`,
  hello: `Hello from async!
Hello from async!
`,
  "join-set": `(fetch of user 0 is over)
[ 'user 3', 'user 2', 'user 1', 'user 0' ]
user 13: not found
(fetch of user 0 is over)
`,
  lazy: `promise created, not awaited: 1 started
two futures created, not awaited: 0 started
User fetched!
awaited: alice (1 started)
`,
  "local-tasks": `Running on a single thread! 1 worker
42
a1 a2 b1 b2 a3 b3
`,
  "log-pipeline": `{
  lines: 100000,
  byStatus: { '200': 84000, '404': 14000, '500': 2000 },
  slowest: 1998
} the reader was at most 18 of 40 chunks ahead
`,
  "main-done": `Main done
`,
  "manual-runtime": `Custom runtime!
Work done
a done, b done, c done
threads: 4
leftover task: cancelled
`,
  "nested-runtime":
    /^Custom runtime!\nWork done\nleftover task: cancelled\nCannot start a runtime from within a runtime.*\nWork done\n$/,
  overhead: /^call +\d+\.\d ns .*\nawait +\d+\.\d ns .*\nspawn and await +\d+\.\d ns .*\n$/,
  "paused-clock":
    /^(?:slept 10 s\nadvanced; task over: true|advanced; task over: false\nslept 10 s)\na day later: 86400000 ms\n$/,
  explore: `Cache: made 2 times, found in run 4
  main: starts -> join (0/2 done) { 0: join of task 1, 1: join of task 2 }
  task 1 "get": starts -> sleep (1 ms left)
  task 2 "later": starts -> yieldNow [chose 3 of 4]
  task 2 "later": yieldNow -> sleep (1 ms left)
  the clock: moves on
  timer of sleep (due): fires
  timer of sleep (due): fires
  task 1 "get": sleep (due) -> ends
  task 2 "later": sleep (due) -> ends
  main: join (0/2 done) { 0: join of task 1, 1: join of task 2 } -> throws Error: made 2 times
OnceCache: nothing found in 500 runs
`,
  "slow-poll": `a timeout of 100 ms: parsed
held the thread: fn > timeout > handleRequest > parseReport
`,
  streams: `46 ms: stored 1, 2, 3, 4
104 ms: stored 6
170 ms: stored 7, 8, 9, 11
174 ms: stored 12
the channel is closed
`,
  pipeline: `sent while the database stored one: 101
stored: 1000
sent while the database stored one: 101
database: cannot store 300 - and the producer has stopped: true
producer: channel closed with 0
`,
  pool: `a has connection 1
b has connection 2
d has connection 2
task c was cancelled
connections made: 2
`,
  promises: `[ { url: '/a' }, { url: '/b' } ]
deadline has elapsed; requests aborted: 1
from Toki
[ 'from Toki', 'from Toki' ]
`,
  "protected-write": `dangerous: timeout
protected: timeout
dangerous: account debited
protected: account debited
protected: account credited
`,
  "rate-limiter":
    /^interval: 100 more requests took 1000 ms\ninterval: after an idle second (?:99|100|101) go through at once\nrateLimiter: 100 more requests took 1000 ms\nrateLimiter: after an idle second 1 go through at once\nwith a burst of 10: 100 more requests took 910 ms\nwith a burst of 10: after an idle second 10 go through at once\n$/,
  retry: `attempt 1 at 0 ms
attempt 2 at 100 ms
attempt 3 at 300 ms
attempt 4 at 700 ms
ok
gave up: deadline has elapsed
`,
  scope: /^(?:[ac]: cleaned up\n|b: cleaned up\n){3}scope: b has failed\n$/,
  "select-timeout": `fetch of 200 ms: connection closed
Timed out waiting for data
undefined
fetch of 20 ms: connection closed
data
fetch of 200 ms: connection closed
timeout: deadline has elapsed
`,
  "sequential-and-join": /^sequential: alice, 2 orders, about [5-9]00 ms\njoin: alice, 2 orders, about [3-9]00 ms\n$/,
  "shared-map": `[ 'first', 'first', 'third' ]
computed: 2
`,
  "sleeping-tasks": /^10000 tasks slept 1000 ms each, in \d+\.\d\d s\n1000 tasks slept 100 ms each, in \d+\.\d\d s\n$/,
  "spawn-and-join": `Doing other things
event: started
Task completed
Task returned: 42
`,
  starvation: `300 ms in one piece: ticker ran 0 times
300 ms in slices of 5 ms: ticker ran all along
main returned at once: its tasks were dropped
`,
  "state-machine": `fn: 6
by hand: 6
Start WaitingOn1 WaitingOn1 WaitingOn2 WaitingOn2 WaitingOn3 WaitingOn3
`,
  steal:
    /^200 tasks, all spawned on worker [01]; 1014387 primes\n(?=[\s\S]*stole [1-9])worker 0: ran \d+, busy \d+ ms, stole \d+ tasks in \d+ raids\nworker 1: ran \d+, busy \d+ ms, stole \d+ tasks in \d+ raids\n$/,
  "sync-interface":
    /^\[ 'ca978112', '3e23e816', '2e7d2c03' \]\ndeadline has elapsed\n\[ 'ca978112' \]\nRangeError: not on this worker\n(?: {4}at .*\n)+$/,
  "thread-pool": `Running on a thread pool! 4 workers
  multiThread: 42, on a worker; the other task here: true
Running on a single thread!
  currentThread: 42, on this thread; the other task here: true
  multiThread: 42, on a worker; the other task here: true
  multiThread: 42, on a worker; the other task here: true
  currentThread: 42, on this thread; the other task here: true
a worker for each core: true
`,
  // How, depends on the version of Node.
  "threaded-echo":
    /^(sockets move to the workers|each worker listens|one thread serves: this Node can neither move sockets nor share ports)\nunchanged: 40 of 40\n$/,
  timers: `100 ms elapsed
Completed: result
tick at 0 ms
tick at 1000 ms
tick at 2000 ms
tick at 3000 ms
tick at 4000 ms
burst: [ 3300, 3300, 3300, 4000, 5000 ]
delay: [ 3300, 4300, 5300, 6300, 7300 ]
skip:  [ 3300, 4000, 5000, 6000, 7000 ]
`,
  "task-tracker": `tracked: 4
first: saved after 9 rounds
second: saved after 9 rounds
request 1: answered
request 2: answered
audit of request 1: written
audit of request 2: written
tracked: 0
child: cleaned up
main returns
`,
  "two-runtimes": `spawned from cpu, runs on io
cpu: sleep: timers are disabled on this runtime; set enableTime to enable them
io cpu
`,
  "watch-config": `connecting
level: debug
late: debug, changed: false
Shutting down
14 rounds over connection 1
14 rounds over connection 1
`,
  "worker-pool": `alice: 15 with 2 customers on her thread
bob: 25 with 1
here: 0 loads: [ 0, 0 ]
`,
  "worker-hooks": `Server starting... threads: 0
squares: 2870
Worker online: true - all going home: true
squares: 2870
squares: 2870
`,
};

/** Examples with a test of their own. */
const ELSEWHERE = ["deadlock", "tour"];

for (const [name, expected] of Object.entries(OUTPUT)) {
  test(`examples/${name}`, async () => {
    const { stdout, stderr, code } = await runExample(name);
    assert.equal(stderr, "");
    if (typeof expected === "string") assert.equal(stdout, expected);
    else assert.match(stdout, expected);
    assert.equal(code, 0);
  });
}

test("examples/deadlock prints who waits for what, and fails", async () => {
  const { stderr, code } = await runExample("deadlock");
  assert.match(stderr, /task \d+ "consumer" \(parked\)\n└─ consumer[^\n]*\n {3}└─ mpsc recv/);
  assert.match(stderr, /task \d+ "transfer" \(parked\)\n└─ transfer[^\n]*\n {3}└─ Mutex lock/);
  assert.equal(code, 1);
});

test("every example is listed here", () => {
  const folder = new URL("../../../../examples/", import.meta.url);
  const names = readdirSync(folder)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -".ts".length));
  assert.deepEqual(names.sort(), [...Object.keys(OUTPUT), ...ELSEWHERE].sort());
});
