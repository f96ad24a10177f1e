import type { Invertible, NumberRange } from '../values.ts';

/** `&`, `<<`, `>>` change the value; `@` moves the base of the offset by the value. */
export interface U32Step {
  readonly op: '&' | '<<' | '>>' | '@';
  readonly number: number;
}

/** Four bytes at `offset`, big endian, through `steps`, lie in one of `ranges`. */
export interface U32Test {
  readonly offset: number;
  readonly steps: readonly U32Step[];
  readonly ranges: readonly NumberRange[];
}

/** -m u32: all tests hold. */
export interface U32Match extends Invertible {
  readonly kind: 'u32';
  readonly tests: readonly U32Test[];
}
