/** synckit: a synchronous function whose result an asynchronous one makes on a thread. */
import { createSyncFn } from "synckit";
import { callsOf } from "../threads/sync-calls.js";

const call = createSyncFn(new URL("../threads/synckit-worker.js", import.meta.url)) as (value: unknown) => unknown;

export const suite = callsOf(call as (x: number) => number, call as (text: string) => string);
