import { host } from "#host";

/** After the event loop had a turn. @internal */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => host.immediate(resolve));
}

/** After turns of about a millisecond. @internal */
export function millisecond(): Promise<void> {
  return new Promise((resolve) => void host.setTimer(resolve, 1));
}
