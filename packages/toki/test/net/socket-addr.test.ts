import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InvalidArgumentError } from "toki";
import { IoError } from "toki/io";
import { lookupHost, SocketAddr, TcpListener, TcpStream } from "toki/net";
import { test as toki } from "toki/test";
import fc from "../support/property.js";

describe("SocketAddr", () => {
  test("parse() reads IPv4 and bracketed IPv6", () => {
    const v4 = SocketAddr.parse("127.0.0.1:8080");
    assert.deepEqual([v4.ip, v4.port, v4.family], ["127.0.0.1", 8080, "IPv4"]);
    const v6 = SocketAddr.parse("[::1]:0");
    assert.deepEqual([v6.ip, v6.port, v6.family], ["::1", 0, "IPv6"]);
  });

  test("parse() reads back what toString() gives", () => {
    const port = fc.integer({ min: 0, max: 65535 });
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), port, (ip, port) => {
        const address = new SocketAddr(ip, port);
        assert.ok(SocketAddr.parse(String(address)).equals(address));
        assert.equal(JSON.stringify(address), JSON.stringify(String(address)));
      }),
    );
  });

  test("equals() compares both parts", () => {
    const address = new SocketAddr("127.0.0.1", 80);
    assert.equal(address.equals(new SocketAddr("127.0.0.1", 80)), true);
    assert.equal(address.equals(new SocketAddr("127.0.0.1", 81)), false);
    assert.equal(address.equals(new SocketAddr("127.0.0.2", 80)), false);
  });

  test("the constructor names a bad argument", () => {
    for (const ip of ["localhost", "", "1.2.3", "[::1]", 5]) {
      assert.throws(() => new SocketAddr(ip as string, 1), { name: "InvalidArgumentError", argument: "ip" });
    }
    for (const port of [-1, 65536, 1.5, Number.NaN, "80"]) {
      assert.throws(() => new SocketAddr("::1", port as number), { name: "InvalidArgumentError", argument: "port" });
    }
  });

  test("parse() refuses a name", () => {
    assert.throws(() => SocketAddr.parse("localhost:80"), { name: "IoError", kind: "invalidInput" });
    assert.throws(() => SocketAddr.parse(80 as never), InvalidArgumentError);
  });
});

const MALFORMED: [address: string, why: RegExp][] = [
  ["127.0.0.1", /port is missing/],
  ["localhost", /port is missing/],
  ["[::1]", /port is missing/],
  ["", /port is missing/],
  ["::1:80", /brackets/],
  ["[127.0.0.1]:80", /not an IPv6 address/],
  [":80", /host is missing/],
  ["[]:80", /not an IPv6 address/],
  ["localhost:", /0 to 65535/],
  ["localhost:65536", /0 to 65535/],
  ["localhost:-1", /0 to 65535/],
  ["localhost:http", /0 to 65535/],
  ["localhost: 80", /0 to 65535/],
];

describe("addresses", () => {
  for (const [address, why] of MALFORMED) {
    test(`${JSON.stringify(address)} is refused at the call`, () => {
      for (const call of [TcpStream.connect, TcpListener.bind, lookupHost]) {
        assert.throws(
          () => call(address),
          (error) => error instanceof IoError && error.kind === "invalidInput" && why.test(error.message),
        );
      }
    });
  }

  test("something else is refused at the call, with the argument's name", () => {
    for (const [address, argument] of [
      [undefined, "address"],
      [80, "address"],
      [null, "address"],
      [{ port: 80 }, "address.host"],
      [{ host: "", port: 80 }, "address.host"],
      [{ host: "localhost" }, "address.port"],
      [{ host: "localhost", port: "80" }, "address.port"],
      [[80], "address"],
    ] as const) {
      assert.throws(() => TcpStream.connect(address as never), { name: "InvalidArgumentError", argument });
    }
    assert.throws(() => TcpStream.connect([]), { name: "IoError", kind: "invalidInput" });
  });
});

describe("lookupHost", () => {
  test(
    "gives IP addresses back as they are",
    toki(function* () {
      const found = yield* lookupHost(["127.0.0.1:80", "[::1]:81", new SocketAddr("127.0.0.2", 82)]);
      assert.deepEqual(found.map(String), ["127.0.0.1:80", "[::1]:81", "127.0.0.2:82"]);
    }),
  );

  test(
    "looks names up, with the port",
    toki(function* () {
      const found = yield* lookupHost("localhost:7");
      assert.ok(found.length > 0);
      for (const address of found) {
        assert.ok(address.ip === "127.0.0.1" || address.ip === "::1");
        assert.equal(address.port, 7);
      }
    }),
  );

  test(
    "throws for a name that does not exist",
    toki(function* () {
      try {
        yield* lookupHost({ host: "no such host", port: 1 });
        assert.fail("expected an error");
      } catch (error) {
        assert.ok(error instanceof IoError);
        assert.match(error.message, /Looking up no such host/);
      }
    }),
  );
});
