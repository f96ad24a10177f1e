/** Random numbers that are the same in every run: Marsaglia's xorshift, 32 bits. */
export class Random {
  #state: number;

  constructor(seed = 1) {
    this.#state = Math.imul(seed, 0x9e3779b1) | 1; // never 0, and small seeds far from each other
  }

  /** 0 … 2³² - 1. */
  word(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }

  /** 0 … 1, without 1. */
  real(): number {
    return this.word() / 0x1_0000_0000;
  }

  /** `low` … `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.real() * (high - low + 1));
  }

  choice<T>(values: readonly T[]): T {
    const value = values[this.between(0, values.length - 1)];
    if (value === undefined) throw new Error('a choice among nothing');
    return value;
  }

  /** One of the values, as often as its weight says. */
  weighted<T>(choices: readonly (readonly [value: T, weight: number])[]): T {
    const total = choices.reduce((sum, [, weight]) => sum + weight, 0);
    let left = this.real() * total;
    for (const [value, weight] of choices) {
      left -= weight;
      if (left < 0) return value;
    }
    return this.choice(choices)[0];
  }

  /** Normally distributed around 0 (Box and Muller). */
  gauss(deviation: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.real()));
    return deviation * radius * Math.cos(2 * Math.PI * this.real());
  }

  /** Fisher and Yates, in place. */
  shuffle<T>(values: T[]): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.between(0, i);
      [values[i], values[j]] = [values[j] as T, values[i] as T];
    }
  }
}
