/**
 * What kind of failure an {@link IoError} is: the part that programs decide on, the same on every platform. The names are those of Rust's
 * `std::io::ErrorKind`.
 */
export type IoErrorKind =
  | "addrInUse"
  | "addrNotAvailable"
  | "alreadyExists"
  | "brokenPipe"
  | "connectionAborted"
  | "connectionRefused"
  | "connectionReset"
  | "directoryNotEmpty"
  | "fileTooLarge"
  | "hostUnreachable"
  | "interrupted"
  | "invalidData"
  | "invalidInput"
  | "isADirectory"
  | "networkDown"
  | "networkUnreachable"
  | "notADirectory"
  | "notConnected"
  | "notFound"
  | "outOfMemory"
  | "permissionDenied"
  | "readOnlyFilesystem"
  | "resourceBusy"
  | "storageFull"
  | "timedOut"
  | "unexpectedEof"
  | "unsupported"
  | "wouldBlock"
  | "writeZero"
  | "other";

const KINDS: { readonly [code: string]: IoErrorKind } = {
  EACCES: "permissionDenied",
  EADDRINUSE: "addrInUse",
  EADDRNOTAVAIL: "addrNotAvailable",
  EAGAIN: "wouldBlock",
  EBUSY: "resourceBusy",
  ECANCELED: "connectionAborted",
  ECONNABORTED: "connectionAborted",
  ECONNREFUSED: "connectionRefused",
  ECONNRESET: "connectionReset",
  EEXIST: "alreadyExists",
  EFBIG: "fileTooLarge",
  EHOSTUNREACH: "hostUnreachable",
  EINTR: "interrupted",
  EINVAL: "invalidInput",
  EISDIR: "isADirectory",
  ENETDOWN: "networkDown",
  ENETUNREACH: "networkUnreachable",
  ENOENT: "notFound",
  ENOMEM: "outOfMemory",
  ENOSPC: "storageFull",
  ENOSYS: "unsupported",
  ENOTCONN: "notConnected",
  ENOTDIR: "notADirectory",
  ENOTEMPTY: "directoryNotEmpty",
  ENOTSUP: "unsupported",
  EOPNOTSUPP: "unsupported",
  EPERM: "permissionDenied",
  EPIPE: "brokenPipe",
  EROFS: "readOnlyFilesystem",
  ESHUTDOWN: "brokenPipe",
  ETIMEDOUT: "timedOut",
  ERR_SOCKET_CLOSED: "notConnected",
  ERR_STREAM_DESTROYED: "brokenPipe",
  ERR_STREAM_WRITE_AFTER_END: "brokenPipe",
};

/** The kind behind a code of the platform (`ECONNRESET`); `"other"` for a code without one, name lookups (`ENOTFOUND`) included. @internal */
export function kindOfCode(code: string): IoErrorKind {
  return Object.hasOwn(KINDS, code) ? (KINDS[code] as IoErrorKind) : "other";
}
