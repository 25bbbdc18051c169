import { isIP } from "node:net";

/** 4 or 6 for an IP address, 0 for anything else. @internal */
export function ipVersion(text: string): 0 | 4 | 6 {
  return isIP(text) as 0 | 4 | 6;
}
