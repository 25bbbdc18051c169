/**
 * Helpers for testing futures: a harness that polls by hand, assertions on polls, `test`, which runs a body on a runtime of its own under any test runner,
 * `explore`, which runs one under many schedules, and doubles of connections and streams that follow a script.
 *
 * @module
 */
export {
  assertElapsed,
  assertErr,
  assertOk,
  assertPending,
  assertReady,
  assertReadyEq,
  assertReadyErr,
  assertReadyOk,
} from "./assert.js";
export { AssertionError } from "./assertion-error.js";
export { testBlockOn } from "./block-on.js";
export {
  type ExploreBody,
  type ExploreReport,
  type ExploreTools,
  explore,
} from "./explore/explore.js";
export { ExploreError } from "./explore/explore-error.js";
export type { ExploreOptions, ExploreStrategy } from "./explore/options.js";
export type { FailureKind } from "./explore/run.js";
export { Mock } from "./io/mock.js";
export { MockHandle } from "./io/mock-handle.js";
export { MockIo } from "./io/mock-io.js";
export { MockStream, MockStreamBuilder, mockStream } from "./mock-stream.js";
export type { Spawn } from "./spawn.js";
export type { StreamSpawn, TestableStream } from "./stream-spawn.js";
export { type TestBody, type TestOptions, test } from "./test.js";
export { type TestTaskOptions, testTask } from "./test-task.js";
export { UnjoinedFailureError } from "./unjoined-failure-error.js";
