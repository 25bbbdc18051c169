import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { IoError, type IoErrorKind } from "toki/io";

const system = (code: string) => Object.assign(new Error(`read ${code}`), { code, syscall: "read", errno: -1 });

describe("IoError", () => {
  const kinds: [string, IoErrorKind][] = [
    ["EADDRINUSE", "addrInUse"],
    ["EADDRNOTAVAIL", "addrNotAvailable"],
    ["ECONNREFUSED", "connectionRefused"],
    ["ECONNRESET", "connectionReset"],
    ["ECONNABORTED", "connectionAborted"],
    ["EPIPE", "brokenPipe"],
    ["ENOTCONN", "notConnected"],
    ["ENOENT", "notFound"],
    ["EEXIST", "alreadyExists"],
    ["EACCES", "permissionDenied"],
    ["EPERM", "permissionDenied"],
    ["ETIMEDOUT", "timedOut"],
    ["EAGAIN", "wouldBlock"],
    ["EINVAL", "invalidInput"],
    ["EINTR", "interrupted"],
    ["EHOSTUNREACH", "hostUnreachable"],
    ["ENETUNREACH", "networkUnreachable"],
    ["ENOTFOUND", "other"],
    ["toString", "other"],
  ];
  for (const [code, kind] of kinds) {
    test(`from() makes ${kind} of ${code}`, () => {
      const cause = system(code);
      const error = IoError.from(cause, "Reading the file");
      assert.equal(error.kind, kind);
      assert.equal(error.code, code);
      assert.equal(error.syscall, "read");
      assert.equal(error.cause, cause);
      assert.equal(error.message, `Reading the file: read ${code}`);
      assert.equal(error.name, "IoError");
      assert.ok(error instanceof Error);
    });
  }

  test("from() gives an IoError back as it is", () => {
    const error = new IoError("timedOut", "too late");
    assert.equal(IoError.from(error, "anything"), error);
  });

  test("from() takes anything that was thrown", () => {
    for (const thrown of ["text", undefined, null, 42, {}]) {
      const error = IoError.from(thrown, "Trying");
      assert.equal(error.kind, "other");
      assert.equal(error.code, "ERR_IO");
      assert.equal(error.cause, thrown);
      assert.match(error.message, /^Trying: /);
    }
  });

  test("without a cause it has no such property", () => {
    assert.equal(Object.hasOwn(new IoError("other", "x"), "cause"), false);
    assert.equal(new IoError("other", "x", { code: "EX", syscall: "y" }).syscall, "y");
  });
});
