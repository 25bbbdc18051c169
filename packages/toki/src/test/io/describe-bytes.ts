const SHOWN = 64;

/** Bytes for a message: ASCII text as it is, everything else as `\x00`. @internal */
export function describeBytes(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes.subarray(0, SHOWN)) text += describeByte(byte);
  return `"${text}"${bytes.length > SHOWN ? `... (${bytes.length} bytes)` : ""}`;
}

function describeByte(byte: number): string {
  if (byte === 0x0a) return "\\n";
  if (byte === 0x0d) return "\\r";
  if (byte === 0x09) return "\\t";
  if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
