import assert from "node:assert/strict";
import { describe, test as it } from "node:test";
import { fn, Instant, JoinError, join, NoRuntimeError, select, sleep, spawn, yieldNow } from "toki";
import { type AsyncRead, type AsyncWrite, IoError } from "toki/io";
import {
  AssertionError,
  assertElapsed,
  assertErr,
  assertPending,
  assertReady,
  assertReadyErr,
  type Mock,
  MockIo,
  test,
  testTask,
} from "toki/test";

const bytes = (text: string) => new TextEncoder().encode(text);

const readText = fn(function* readText(io: AsyncRead, size: number = 64) {
  const buffer = new Uint8Array(size);
  const count = yield* io.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, count));
});

const writeText = fn(function* writeText(io: AsyncWrite, text: string) {
  let rest: Uint8Array = bytes(text);
  let writes = 0;
  for (; rest.length > 0; writes++) rest = rest.subarray(yield* io.write(rest));
  return writes;
});

/** The error of a dispose that has to fail. */
const leftover = (mock: Mock) => assertErr(() => mock[Symbol.dispose]()) as AssertionError;

/** One read, which is ready at once. */
const readNow = (mock: Mock, size = 64) => assertReady(testTask(readText(mock, size)).poll());
const writeNow = (mock: Mock, text: string) => assertReady(testTask(mock.write(bytes(text))).poll());

describe("MockIo: reads", () => {
  it("come in the pieces of the script, as far as the buffer holds them, then the end", () => {
    using mock = new MockIo().read("hello ").read(bytes("world!")).build();
    assert.equal(readNow(mock), "hello ");
    assert.equal(readNow(mock, 4), "worl");
    assert.equal(readNow(mock, 4), "d!");
    assert.equal(readNow(mock), "");
    assert.equal(readNow(mock), "");
  });

  it("fill the front of the buffer and leave the rest", () => {
    using mock = new MockIo().read("ab").build();
    const buffer = new Uint8Array([9, 9, 9, 9]);
    assert.equal(assertReady(testTask(mock.read(buffer)).poll()), 2);
    assert.deepEqual([...buffer], [97, 98, 9, 9]);
  });

  it("of nothing take nothing, and do not wait", () => {
    const [mock, handle] = new MockIo().buildWithHandle();
    assert.equal(readNow(mock, 0), "");
    handle[Symbol.dispose]();
    mock[Symbol.dispose]();
  });

  it("throw the errors of the script, and go on", () => {
    const error = new IoError("connectionReset", "cruel");
    using mock = new MockIo().read("hello ").readError(error).read("world!").build();
    assert.equal(readNow(mock), "hello ");
    assert.equal(
      assertReadyErr(() => testTask(mock.read(new Uint8Array(8))).poll()),
      error,
    );
    assert.equal(readNow(mock), "world!");
  });

  it("wait for the writes in front of them, and are woken by the last of these", () => {
    using mock = new MockIo().write("ping").read("pong").build();
    const read = testTask(readText(mock));
    assertPending(read.poll());
    assert.equal(writeNow(mock, "pi"), 2);
    assertPending(read.poll());
    assert.equal(writeNow(mock, "ng"), 2);
    assert.equal(read.isWoken, true);
    assert.equal(assertReady(read.poll()), "pong");
  });

  it("wait for a failing write in front of them", () => {
    using mock = new MockIo().writeError(new Error("cruel")).read("after").build();
    const read = testTask(readText(mock));
    assertPending(read.poll());
    assertReadyErr(() => testTask(mock.write(bytes("x"))).poll());
    assert.equal(read.isWoken, true);
    assert.equal(assertReady(read.poll()), "after");
  });

  it("copy what they are given", () => {
    const data = bytes("before");
    const builder = new MockIo().read(data);
    data.fill(0);
    using first = builder.build();
    using second = builder.build();
    assert.equal(readNow(first), "before");
    assert.equal(readNow(second), "before");
  });
});

describe("MockIo: writes", () => {
  it("have to be those of the script, in any pieces", () => {
    using mock = new MockIo().write("hello ").write("world!").build();
    assert.equal(writeNow(mock, "hel"), 3);
    assert.equal(writeNow(mock, "lo world!"), 9);
  });

  it("stop at what is not a write", () => {
    const mock = new MockIo().write("one").wait(5).write("two").build();
    assert.equal(writeNow(mock, "onetwo"), 3);
    assert.match(leftover(mock).message, /"two" was not written/);
  });

  it("need not wait for reads in front of them", () => {
    using mock = new MockIo().read("banner").write("hello").read("bye").build();
    assert.equal(writeNow(mock, "hello"), 5);
    assert.equal(readNow(mock), "banner");
    assert.equal(readNow(mock), "bye");
  });

  it("of nothing are none", () => {
    using mock = new MockIo().build();
    assert.equal(writeNow(mock, ""), 0);
  });

  it("of other bytes throw, with both", () => {
    const mock = new MockIo().name("server").write("hello\n\0\u00ff").build();
    const error = assertReadyErr(() => testTask(mock.write(bytes("hello\r\n"))).poll()) as AssertionError;
    assert.equal(error instanceof AssertionError, true);
    assert.equal(
      error.message,
      String.raw`mock "server": wrote "hello\r\n" where "hello\n\x00" was expected (1 step is left)`,
    );
    assert.deepEqual(error.actual, bytes("hello\r\n"));
    assert.deepEqual(error.expected, bytes("hello\n\0"));
    mock[Symbol.dispose](); // it has failed: it says so once
  });

  it("that nothing is scripted for throw, at the end and before a read", () => {
    for (const builder of [new MockIo(), new MockIo().read("first")]) {
      const mock = builder.build();
      const error = assertReadyErr(() => testTask(mock.write(bytes("extra"))).poll()) as AssertionError;
      assert.match(error.message, /^mock: unexpected write of "extra" \(\d steps? (is|are) left\)$/);
      mock[Symbol.dispose]();
    }
  });

  it("throw the errors of the script, and go on", () => {
    const error = new IoError("brokenPipe", "cruel");
    using mock = new MockIo().write("hello ").writeError(error).write("world!").build();
    assert.equal(writeNow(mock, "hello "), 6);
    assert.equal(
      assertReadyErr(() => testTask(mock.write(bytes("whoa"))).poll()),
      error,
    );
    assert.equal(writeNow(mock, "world!"), 6);
  });

  it("wait for a failing write that comes after a read", () => {
    using mock = new MockIo().read("first").writeError(new Error("cruel")).build();
    const write = testTask(mock.write(bytes("x")));
    assertPending(write.poll());
    assert.equal(readNow(mock), "first");
    assert.equal(write.isWoken, true);
    assert.equal((assertReadyErr(() => write.poll()) as Error).message, "cruel");
  });

  it("long ones are cut in messages", () => {
    const mock = new MockIo().build();
    const error = assertReadyErr(() => testTask(mock.write(new Uint8Array(100).fill(65))).poll()) as Error;
    assert.match(error.message, /"A{64}"\.\.\. \(100 bytes\)/);
    mock[Symbol.dispose]();
  });

  it(
    "flush and shutdown do nothing",
    test(function* () {
      using mock = new MockIo().write("x").build();
      yield* mock.flush();
      yield* mock.write(bytes("x"));
      yield* mock.shutdown();
    }),
  );
});

describe("MockIo: waits", () => {
  it(
    "hold reads up, each for its time",
    test(
      function* () {
        const start = Instant.now();
        using mock = new MockIo().wait(1000).read("hello ").wait({ seconds: 1 }).read("world!").build();
        yield* sleep(500);
        assert.equal(yield* readText(mock), "hello ");
        assertElapsed(start, 1500); // the wait begins with the first read
        assert.equal(yield* readText(mock), "world!");
        assertElapsed(start, 2500);
        assert.equal(yield* readText(mock), "");
        assertElapsed(start, 2500);
      },
      { startPaused: true },
    ),
  );

  it(
    "hold writes up, and reads and writes that wait together go on together",
    test(
      function* () {
        const start = Instant.now();
        using mock = new MockIo().wait(100).write("ping").read("pong").build();
        const [text, writes] = yield* join(readText(mock), writeText(mock, "ping"));
        assert.deepEqual([text, writes], ["pong", 1]);
        assertElapsed(start, 100);
      },
      { startPaused: true },
    ),
  );

  it(
    "go on when the read that began them is dropped",
    test(
      function* () {
        const start = Instant.now();
        using mock = new MockIo().wait(100).read("text").build();
        yield* select({ read: readText(mock), tick: sleep(40) });
        yield* sleep(10);
        assert.equal(yield* readText(mock), "text");
        assertElapsed(start, 100);
      },
      { startPaused: true },
    ),
  );

  it(
    "take a millisecond at least",
    test(
      function* () {
        const start = Instant.now();
        using mock = new MockIo().wait(0).read("x").build();
        yield* readText(mock);
        assertElapsed(start, 1);
      },
      { startPaused: true },
    ),
  );

  it("need a runtime", () => {
    const mock = new MockIo().wait(5).read("x").build();
    assert.equal(assertReadyErr(() => testTask(readText(mock)).poll()) instanceof NoRuntimeError, true);
    leftover(mock);
  });
});

describe("MockIo: the handle", () => {
  it("adds to the script and wakes who waits for it", () => {
    const [mock, handle] = new MockIo().read("first").buildWithHandle();
    assert.equal(readNow(mock), "first");
    const read = testTask(readText(mock));
    assertPending(read.poll());
    handle.read("second").write("third");
    assert.equal(read.isWoken, true);
    assert.equal(assertReady(read.poll()), "second");
    assert.equal(writeNow(mock, "third"), 5);
    const error = new Error("cruel");
    handle.readError(error).writeError(error);
    assert.equal(
      assertReadyErr(() => testTask(readText(mock)).poll()),
      error,
    );
    assert.equal(
      assertReadyErr(() => testTask(mock.write(bytes("x"))).poll()),
      error,
    );
    handle[Symbol.dispose]();
    mock[Symbol.dispose]();
  });

  it("keeps the end away until it is disposed", () => {
    const [mock, handle] = new MockIo().buildWithHandle();
    const read = testTask(readText(mock));
    assertPending(read.poll());
    handle[Symbol.dispose]();
    assert.equal(read.isWoken, true);
    assert.equal(assertReady(read.poll()), "");
    handle[Symbol.dispose]();
    mock[Symbol.dispose]();
  });

  it("does not make a write wait that nothing is scripted for", () => {
    const [mock] = new MockIo().buildWithHandle();
    const error = assertReadyErr(() => testTask(mock.write(bytes("early"))).poll()) as Error;
    assert.match(error.message, /unexpected write of "early"/);
    mock[Symbol.dispose]();
  });

  it("is refused after its end, and after the mock's", () => {
    const [mock, handle] = new MockIo().buildWithHandle();
    mock[Symbol.dispose]();
    assert.throws(() => handle.read("x"), { code: "TOKI_DISPOSED" });
    const [, other] = new MockIo().buildWithHandle();
    other[Symbol.dispose]();
    assert.throws(() => other.write("x"), { code: "TOKI_DISPOSED" });
  });

  it(
    "in the middle of a conversation",
    test(function* () {
      const [mock, handle] = new MockIo().buildWithHandle();
      using _ = mock;
      const peer = spawn(function* () {
        handle.write("ping").read("pong");
        yield* yieldNow();
        handle[Symbol.dispose]();
      });
      yield* yieldNow();
      assert.equal(yield* writeText(mock, "ping"), 1);
      assert.equal(yield* readText(mock), "pong");
      assert.equal(yield* readText(mock), "");
      yield* peer;
    }),
  );
});

describe("MockIo: dispose", () => {
  it("throws for what is left", () => {
    assert.equal(
      leftover(new MockIo().read("read").write("write").wait(5).build()).message,
      'mock: disposed before the script ended: "read" was not read, "write" was not written (3 steps are left)',
    );
    const error = new Error("cruel");
    assert.match(leftover(new MockIo().readError(error).build()).message, /no read failed with Error: cruel/);
    assert.match(leftover(new MockIo().writeError(error).build()).message, /no write failed with Error: cruel/);
  });

  it("says what is left of a step", () => {
    const mock = new MockIo().read("hello").build();
    assert.equal(readNow(mock, 2), "he");
    assert.match(leftover(mock).message, /"llo" was not read/);
  });

  it("does not mind a wait that nobody has waited for", () => {
    new MockIo().wait(5).build()[Symbol.dispose]();
  });

  it("throws once", () => {
    const mock = new MockIo().read("x").build();
    leftover(mock);
    mock[Symbol.dispose]();
  });

  it("ends what waits", () => {
    const [mock, handle] = new MockIo().buildWithHandle();
    const read = testTask(readText(mock));
    assertPending(read.poll());
    mock[Symbol.dispose]();
    assert.equal(read.isWoken, true);
    const error = assertReadyErr(() => read.poll()) as IoError;
    assert.equal(error.kind, "notConnected");
    assert.equal((assertReadyErr(() => testTask(mock.write(bytes("x"))).poll()) as IoError).kind, "notConnected");
    handle[Symbol.dispose]();
  });
});

describe("MockIo: misuse", () => {
  it(
    "a second reader is refused",
    test(function* () {
      const [mock, handle] = new MockIo().buildWithHandle();
      const first = spawn(readText(mock));
      yield* yieldNow();
      try {
        yield* readText(mock);
        assert.fail("two readers");
      } catch (error) {
        assert.equal((error as { code?: string }).code, "TOKI_FUTURE_IN_USE");
      }
      handle.read("x");
      assert.equal(yield* first, "x");
      handle[Symbol.dispose]();
      mock[Symbol.dispose]();
    }),
  );

  it(
    "an aborted reader leaves its place",
    test(function* () {
      const [mock, handle] = new MockIo().buildWithHandle();
      const first = spawn(readText(mock));
      yield* yieldNow();
      first.abort();
      try {
        yield* first;
      } catch (error) {
        assert.equal(error instanceof JoinError, true);
      }
      handle.read("x");
      assert.equal(yield* readText(mock), "x");
      handle[Symbol.dispose]();
      mock[Symbol.dispose]();
    }),
  );

  it("a read that is over is not polled again", () => {
    using mock = new MockIo().read("x").build();
    const read = testTask(mock.read(new Uint8Array(4)));
    assertReady(read.poll());
    assert.equal((assertReadyErr(() => read.poll()) as { code?: string }).code, "TOKI_POLLED_AFTER_COMPLETION");
  });

  it("says where it is in a report", () => {
    using mock = new MockIo().name("db").build();
    assert.equal(mock.read(new Uint8Array(4)).describe(), 'Mock.read (mock "db", 0 steps left)');
    assert.equal(mock.write(new Uint8Array(4)).describe(), 'Mock.write (mock "db", 0 steps left)');
  });

  it("bad input is refused where it is given", () => {
    const invalid = { code: "TOKI_INVALID_ARGUMENT" };
    const builder = new MockIo();
    assert.throws(() => builder.read(5 as never), { ...invalid, argument: "bytes" });
    assert.throws(() => builder.write(""), { ...invalid, argument: "bytes" });
    assert.throws(() => builder.readError("x" as never), { ...invalid, argument: "error" });
    assert.throws(() => builder.writeError(undefined as never), { ...invalid, argument: "error" });
    assert.throws(() => builder.wait("1s" as never), { ...invalid, argument: "duration" });
    assert.throws(() => builder.name(""), { ...invalid, argument: "name" });
    using mock = builder.build();
    assert.throws(() => mock.read("text" as never), { ...invalid, argument: "buffer" });
    assert.throws(() => mock.write("text" as never), { ...invalid, argument: "buffer" });
    const [other, handle] = builder.buildWithHandle();
    assert.throws(() => handle.read(5 as never), { ...invalid, argument: "bytes" });
    other[Symbol.dispose]();
  });
});
