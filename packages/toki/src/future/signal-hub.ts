/*
 * One listener on an AbortSignal for all the futures that wait on it: platforms warn of a leak at eleven, and removing one of many costs them a
 * search.
 *
 * A waiter is in the list of its signal's hub from its first poll until the signal fires or the future is done or dropped; `hub` is null otherwise.
 * The hub's listener is on the signal exactly while the list is not empty. A signal fires once: it empties the list.
 */
import type { Waker } from "./waker.js";

/** @internal */
export class SignalWaiter {
  hub: SignalHub | null = null;
  waker: Waker | null = null;
  prev: SignalWaiter | null = null;
  next: SignalWaiter | null = null;

  /** Has `waker` woken when `signal`, which is not aborted yet, fires. */
  wait(signal: AbortSignal, waker: Waker): void {
    this.waker = waker;
    if (this.hub === null) hubOf(signal).add(this);
  }

  stop(): void {
    this.waker = null;
    this.hub?.remove(this);
  }
}

class SignalHub {
  private readonly signal: AbortSignal;
  private head: SignalWaiter | null = null;
  private tail: SignalWaiter | null = null;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  add(waiter: SignalWaiter): void {
    const { tail } = this;
    waiter.hub = this;
    waiter.prev = tail;
    if (tail === null) {
      this.head = waiter;
      this.signal.addEventListener("abort", this);
    } else tail.next = waiter;
    this.tail = waiter;
  }

  remove(waiter: SignalWaiter): void {
    const { prev, next } = waiter;
    if (prev === null) this.head = next;
    else prev.next = next;
    if (next === null) this.tail = prev;
    else next.prev = prev;
    waiter.hub = null;
    waiter.prev = null;
    waiter.next = null;
    if (this.head === null) this.signal.removeEventListener("abort", this);
  }

  /** The signal has fired. */
  handleEvent(): void {
    for (let waiter = this.head; waiter !== null; waiter = this.head) {
      const { waker } = waiter;
      waiter.stop();
      waker?.wake();
    }
  }
}

const hubs = new WeakMap<AbortSignal, SignalHub>();

function hubOf(signal: AbortSignal): SignalHub {
  let hub = hubs.get(signal);
  if (hub === undefined) {
    hub = new SignalHub(signal);
    hubs.set(signal, hub);
  }
  return hub;
}
