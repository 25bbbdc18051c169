/**
 * A small generator of random numbers (xorshift32) for `select`'s starting branch: fast, seedable, not for secrets.
 *
 * @internal
 */
export class Rng {
  #state: number;

  constructor(seed: number) {
    // Spread the seed, so that 1 and 2 do not give alike sequences; zero is the one state xorshift cannot leave.
    const mixed = Math.imul((seed ^ (seed >>> 16)) | 0, 0x45d9f3b) ^ Math.floor(seed / 2 ** 32);
    this.#state = mixed === 0 ? 0x9e3779b9 | 0 : mixed | 0;
  }

  /** A number from 0 to `bound` - 1. */
  below(bound: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % bound;
  }
}
