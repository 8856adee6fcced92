/** Chance that can be repeated: the same seed gives the same sequence on every machine. */
export class SeededRandom {
  constructor(private state: number) {}

  /** 0 up to, but without, 1. */
  next(): number {
    this.state = (this.state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.between(0, choices.length - 1)] as T;
  }

  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let last = shuffled.length - 1; last > 0; last -= 1) {
      const other = this.between(0, last);
      [shuffled[last], shuffled[other]] = [shuffled[other] as T, shuffled[last] as T];
    }
    return shuffled;
  }
}

/** `HEDDLE_TEST_SEED`, or a new one. Tests print it, so that what they found can be found again. */
export function testSeed(given: string | undefined): number {
  const seed = Number(given);
  return Number.isSafeInteger(seed) && seed > 0 ? seed : Math.floor(Math.random() * 0x7fff_ffff) + 1;
}
