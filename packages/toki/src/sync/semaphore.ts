import { type Future, pollingContext, resultOf } from "../future/future.js";
import type { Suspend } from "../future/poll.js";
import { invalidArgument } from "../internal/invalid-argument.js";
import { keepShape } from "../internal/keep-shape.js";
import { AcquireFuture } from "./acquire-future.js";
import { BatchSemaphore, MAX_PERMITS } from "./batch-semaphore.js";
import { integer } from "./integer.js";
import { AcquireError, TryAcquireError } from "./semaphore-error.js";
import { SemaphorePermit } from "./semaphore-permit.js";

class Acquire extends AcquireFuture<SemaphorePermit> {
  private readonly semaphore: Semaphore;

  constructor(semaphore: Semaphore, n: number) {
    super(semaphore.sem, n);
    this.semaphore = semaphore;
  }

  protected acquired(): SemaphorePermit {
    return new SemaphorePermit(this.semaphore, this.n);
  }

  protected failed(): Error {
    return new AcquireError();
  }

  override next(): IteratorResult<Suspend, SemaphorePermit> {
    return resultOf(this, this.poll(pollingContext(this)));
  }

  override describe(): string {
    const { sem, n } = this;
    const what = n === 1 ? "acquire" : `acquire of ${n}`;
    return `Semaphore ${what} (${sem.permits} free, ${sem.waiters.length} waiting)`;
  }
}

/**
 * A number of permits that tasks take and give back: limits how many do something at once.
 *
 * Strictly fair. Permits go to whoever asked first; a request for many collects freed permits until it has all, and those behind it wait even if
 * there would be enough for them.
 *
 * Tokio's `acquire_owned` and the other owned forms are the plain methods: a permit here borrows nothing.
 *
 * @example
 * ```ts
 * import { fn, join, main, sleep } from "toki";
 * import { Semaphore } from "toki/sync";
 *
 * const connections = new Semaphore(2);
 * let open = 0;
 * let most = 0;
 *
 * const query = fn(function* query() {
 *   using permit = yield* connections.acquire();
 *   most = Math.max(most, ++open);
 *   yield* sleep(10);
 *   open--;
 * });
 *
 * await main(function* () {
 *   yield* join(query(), query(), query(), query());
 *   console.log(most); // 2
 * });
 * ```
 */
export class Semaphore {
  /** The most permits a semaphore can have: 2^50 - 1. */
  static readonly MAX_PERMITS: number = MAX_PERMITS;

  /** @internal */
  readonly sem: BatchSemaphore;

  /**
   * @param permits - how many there are at first; 0 is allowed
   * @throws InvalidArgumentError if `permits` is not a whole number from 0 to {@link Semaphore.MAX_PERMITS}
   */
  constructor(permits: number) {
    integer("new Semaphore", "permits", permits, 0);
    this.sem = new BatchSemaphore(permits);
  }

  /** How many permits are free now. Those that a waiting request has collected are not. */
  get availablePermits(): number {
    return this.sem.permits;
  }

  /** Whether {@link Semaphore.close} was called. */
  get isClosed(): boolean {
    return this.sem.closed;
  }

  /**
   * Takes one permit, waiting in line for it.
   *
   * **Cancel safety**: a request that is dropped loses its place in line, nothing else: a permit it had been handed goes to the next.
   *
   * @throws AcquireError if the semaphore is closed, before or while waiting
   */
  acquire(): Future<SemaphorePermit> {
    return new Acquire(this, 1);
  }

  /**
   * Takes `n` permits at once, waiting in line for them. While it waits it collects what becomes free, so `availablePermits` is 0 and later requests,
   * smaller ones too, come after it. A request for more than there will ever be waits for ever.
   *
   * **Cancel safety**: a request that is dropped loses its place in line and gives back what it had collected.
   *
   * @param n - how many; 0 is granted at once
   * @throws AcquireError if the semaphore is closed, before or while waiting
   * @throws InvalidArgumentError if `n` is not a whole number from 0 to {@link Semaphore.MAX_PERMITS}
   */
  acquireMany(n: number): Future<SemaphorePermit> {
    integer("Semaphore.acquireMany", "n", n, 0);
    return new Acquire(this, n);
  }

  /**
   * Takes `n` permits if they are free now. They are not while somebody waits in line.
   *
   * @param n - how many; one by default
   * @throws TryAcquireError of kind `noPermits` or `closed`
   * @throws InvalidArgumentError if `n` is not a whole number from 0 to {@link Semaphore.MAX_PERMITS}
   */
  tryAcquire(n = 1): SemaphorePermit {
    integer("Semaphore.tryAcquire", "n", n, 0);
    const { sem } = this;
    if (sem.closed) throw new TryAcquireError("closed");
    if (sem.permits < n) throw new TryAcquireError("noPermits");
    sem.permits -= n;
    return new SemaphorePermit(this, n);
  }

  /** As {@link Semaphore.tryAcquire}, under Tokio's name. */
  tryAcquireMany(n: number): SemaphorePermit {
    integer("Semaphore.tryAcquireMany", "n", n, 0);
    return this.tryAcquire(n);
  }

  /**
   * Adds permits; those who wait come first.
   *
   * @throws InvalidArgumentError if `n` is not a whole number, 0 or more, or there would be more than {@link Semaphore.MAX_PERMITS}
   */
  addPermits(n: number): void {
    integer("Semaphore.addPermits", "n", n, 0);
    if (this.sem.permits + n > MAX_PERMITS) {
      throw invalidArgument(
        "Semaphore.addPermits",
        "n",
        `at most ${MAX_PERMITS - this.sem.permits} (MAX_PERMITS less the free ones)`,
        n,
      );
    }
    if (n > 0) this.sem.give(n);
  }

  /**
   * Removes up to `n` of the permits that are free, for good.
   *
   * @returns how many were removed
   * @throws InvalidArgumentError if `n` is not a whole number, 0 or more
   */
  forgetPermits(n: number): number {
    integer("Semaphore.forgetPermits", "n", n, 0);
    const removed = Math.min(n, this.sem.permits);
    this.sem.permits -= removed;
    return removed;
  }

  /**
   * Ends it: whoever waits fails, and so does every later request. Permits that are held stay valid and may be given back.
   */
  close(): void {
    this.sem.close();
  }
}

keepShape(new Acquire(new Semaphore(0), 0));
