import type { AsyncContext } from "../driver/host.js";

/** What few tasks have, kept off the task itself so that the many stay small. @internal */
export class TaskExtra {
  name: string | undefined = undefined;
  /** Runtime clock at spawn, for hooks. */
  spawnedAt = 0;
  /** The async context captured at spawn; undefined while the process uses none. */
  context: AsyncContext | undefined = undefined;
  /** For measurements, on the host's clock: when it was woken, when its poll began, and how long it had waited for that. */
  scheduledAt: number | undefined = undefined;
  pollStartedAt = 0;
  latency: number | undefined = undefined;
}
