import { createHash } from "node:crypto";
import { blocking } from "toki";

export const sha256 = blocking(import.meta, function sha256(data: string) {
  return createHash("sha256").update(data).digest("hex");
});
