/** What few tasks have, kept off the task itself so that the many stay small. @internal */
export class TaskExtra {
  name: string | undefined = undefined;
  /** Runtime clock at spawn, for hooks. */
  spawnedAt = 0;
}
