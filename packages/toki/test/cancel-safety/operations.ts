/*
 * Every public function and method that returns a future, found in the declarations, and the code span of docs/cancel-safety.md that speaks of it.
 * An operation that is new fails the test until it is here, in the documented table, and proved.
 */
import { readdirSync, readFileSync } from "node:fs";

/** `owner.method`, or the function's name, and where it is documented: a section and a word of its operations. */
export const documentedAs: Readonly<Record<string, readonly [section: string, span: string]>> = {
  sleep: ["time", "sleep"],
  sleepUntil: ["time", "sleepUntil"],
  "Interval.tick": ["time", "interval.tick()"],
  timeout: ["time", "timeout"],
  timeoutAt: ["time", "timeoutAt"],
  "Timeout.intoInner": ["time", "timeout.intoInner()"],
  advance: ["time", "advance"],
  "JoinSet.joinNext": ["tasks", "joinSet.joinNext()"],
  "JoinSet.joinAll": ["tasks", "joinSet.joinAll()"],
  "JoinSet.shutdown": ["tasks", "joinSet.shutdown()"],
  scope: ["tasks", "scope"],
  yieldNow: ["tasks", "yieldNow"],
  consumeBudget: ["tasks", "consumeBudget"],
  join: ["combinators", "join"],
  tryJoin: ["combinators", "tryJoin"],
  select: ["combinators", "select"],
  pin: ["combinators", "pin"],
  shield: ["combinators", "shield"],
  unconstrained: ["combinators", "unconstrained"],
  cooperative: ["combinators", "cooperative"],
  "LocalKey.scope": ["combinators", "key.scope()"],
  "Future.from": ["combinators", "Future.from"],
  ready: ["combinators", "ready"],
  pending: ["combinators", "pending"],
  pollFn: ["combinators", "pollFn"],
  "BaseReceiver.recv": ["mpsc", "rx.recv()"],
  "BaseReceiver.recvMany": ["mpsc", "rx.recvMany()"],
  "Sender.send": ["mpsc", "tx.send()"],
  "Sender.sendTimeout": ["mpsc", "tx.sendTimeout()"],
  "Sender.reserve": ["mpsc", "tx.reserve()"],
  "Sender.reserveMany": ["mpsc", "tx.reserveMany()"],
  "Sender.reserveOwned": ["mpsc", "tx.reserveOwned()"],
  "BaseSender.closed": ["mpsc", "tx.closed()"],
  "BroadcastReceiver.recv": ["broadcast", "rx.recv()"],
  "BroadcastSender.closed": ["broadcast", "tx.closed()"],
  "OneshotSender.closed": ["oneshot", "tx.closed()"],
  "WatchReceiver.changed": ["watch", "rx.changed()"],
  "WatchReceiver.waitFor": ["watch", "rx.waitFor()"],
  "WatchSender.closed": ["watch", "tx.closed()"],
  "OnceCell.getOrInit": ["cells", "cell.getOrInit()"],
  "OnceCell.getOrTryInit": ["cells", "getOrTryInit()"],
  "SetOnce.wait": ["cells", "once.wait()"],
  "Mutex.lock": ["locks and limits", "mutex.lock()"],
  "Mutex.withLock": ["locks and limits", "mutex.withLock()"],
  "RwLock.read": ["locks and limits", "rwlock.read()"],
  "RwLock.write": ["locks and limits", "rwlock.write()"],
  "RwLock.withRead": ["locks and limits", "rwlock.withRead()"],
  "RwLock.withWrite": ["locks and limits", "rwlock.withWrite()"],
  "Barrier.wait": ["locks and limits", "barrier.wait()"],
  "Semaphore.acquire": ["locks and limits", "semaphore.acquire()"],
  "Semaphore.acquireMany": ["locks and limits", "acquireMany()"],
  "Notify.notified": ["locks and limits", "notify.notified()"],
  "CancellationToken.cancelled": ["locks and limits", "token.cancelled()"],
  "CancellationToken.runUntilCancelled": ["locks and limits", "token.runUntilCancelled()"],
  retry: ["patterns", "retry"],
  "RateLimiter.acquire": ["patterns", "limiter.acquire()"],
  "Pool.get": ["patterns", "pool.get()"],
  "Pool.use": ["patterns", "pool.use()"],
  "Pool.closed": ["patterns", "pool.closed()"],
  "Batcher.call": ["patterns", "batcher.call()"],
  "AdaptiveLimit.acquire": ["patterns", "limit.acquire()"],
  "AdaptiveLimit.run": ["patterns", "limit.run()"],
  mapConcurrent: ["patterns", "mapConcurrent"],
  "TcpListener.accept": ["TCP", "listener.accept()"],
  "Incoming.next": ["TCP", "incoming()"],
  "TcpStream.connect": ["TCP", "TcpStream.connect()"],
  "TcpListener.bind": ["TCP", "TcpListener.bind()"],
  "AsyncRead.read": ["TCP", "read"],
  "TcpSource.read": ["TCP", "read"],
  "TcpSource.readChunk": ["TCP", "readChunk"],
  "TcpSource.peek": ["TCP", "peek"],
  "AsyncWrite.write": ["TCP", "write"],
  "TcpSink.write": ["TCP", "write"],
  "TcpStream.write": ["TCP", "write"],
  "TcpSink.writeAll": ["TCP", "writeAll"],
  "TcpStream.writeAll": ["TCP", "writeAll"],
  "AsyncWrite.flush": ["TCP", "flush"],
  "TcpSink.flush": ["TCP", "flush"],
  "TcpStream.flush": ["TCP", "flush"],
  "AsyncWrite.shutdown": ["TCP", "shutdown"],
  "TcpSink.shutdown": ["TCP", "shutdown"],
  "TcpStream.shutdown": ["TCP", "shutdown"],
  "TcpSource.readable": ["TCP", "readable"],
  "TcpSink.writable": ["TCP", "writable"],
  "TcpStream.writable": ["TCP", "writable"],
  lookupHost: ["TCP", "lookupHost"],
  ctrlC: ["signals", "ctrlC()"],
  "Signal.recv": ["signals", "signal(...).recv()"],
  "Stream.next": ["streams", "s.next()"],
  "Stream.tryNext": ["streams", "s.tryNext()"],
  "Peekable.peek": ["streams", "s.peek()"],
  "Stream.all": ["streams", "s.all()"],
  "Stream.any": ["streams", "s.any()"],
  "Stream.collect": ["streams", "s.collect()"],
  "Stream.fold": ["streams", "s.fold()"],
  "Stream.forEach": ["streams", "s.forEach()"],
  "Stream.cancel": ["streams", "s.cancel()"],
  "StreamMap.nextMany": ["streams", "map.nextMany()"],
  fromPromise: ["promises", "fromPromise"],
  "AsyncSource.next": ["promises", "fromAsyncIterable(...).next()"],
  "AsyncSource.close": ["promises", "fromAsyncIterable(...).close()"],
  aborted: ["promises", "aborted(signal)"],
  cancelOn: ["promises", "cancelOn"],
  withAbortSignal: ["promises", "withAbortSignal"],
  "JoinMap.joinNext": ["toki/util", "joinMap.joinNext()"],
  "JoinMap.shutdown": ["toki/util", "joinMap.shutdown()"],
  "JoinQueue.joinNext": ["toki/util", "joinQueue.joinNext()"],
  "JoinQueue.joinAll": ["toki/util", "joinQueue.joinAll()"],
  "JoinQueue.shutdown": ["toki/util", "joinQueue.shutdown()"],
  "TaskTracker.wait": ["toki/util", "tracker.wait()"],
  "TaskTracker.track": ["toki/util", "tracker.track()"],
  "Runtime.wrap": ["toki/util", "rt.wrap()"],
  "LocalSet.runUntil": ["toki/util", "localSet.runUntil()"],
  "DelayQueue.next": ["toki/util", "delayQueue.next()"],
  "AcquireSource.acquireMany": ["locks and limits", "acquireMany()"],
  "SlotSender.reserveOwned": ["mpsc", "tx.reserveOwned()"],
  "Mock.read": ["test doubles", "mock.read()"],
  "Mock.write": ["test doubles", "mock.write()"],
  "Mock.flush": ["test doubles", "mock.flush()"],
  "Mock.shutdown": ["test doubles", "mock.shutdown()"],
  "MockStream.next": ["test doubles", "mockStream().next()"],
};

/** What gives a future away and is none of the operations: `fn` itself, the harness of toki/test, and the shapes that `toAsyncIterable` and `stream` take. */
export const notOperations: readonly string[] = [
  "fn",
  "Spawn.intoInner",
  "next",
  "QueueReceiver.recv",
  "QueueReceiver.recvMany",
  "BroadcastReceiverLike.recv",
  "WatchReceiverLike.changed",
  "ListenerLike.accept",
  "SignalLike.recv",
  "LinesLike.nextLine",
  "SegmentsLike.nextSegment",
  "EntriesLike.nextEntry",
];

const OWNER = /^export (?:declare )?(?:abstract )?(?:class|interface) (\w+)/;
const OPERATION =
  /^(?:export declare function |export declare const | +(?:static )?)(\w+)(?:<.*?>)?(?:\(|: <).*(?:\):|\) =>) (?:Future|Sleep|Timeout|Notified)\b/;

/** What the declarations under `folder` say returns a future; what is internal is not in them. */
export function futureOperations(folder: URL): string[] {
  const found = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true }) as string[]) {
    if (!file.endsWith(".d.ts")) continue;
    let owner = "";
    for (const line of readFileSync(new URL(file.replaceAll("\\", "/"), folder), "utf8").split("\n")) {
      const opens = OWNER.exec(line);
      if (opens !== null) owner = `${opens[1]}.`;
      else if (line.startsWith("}")) owner = "";
      const operation = OPERATION.exec(line);
      if (operation !== null) found.add(line.startsWith(" ") ? owner + operation[1] : operation[1]!);
    }
  }
  return [...found].toSorted();
}
