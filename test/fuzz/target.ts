import type { Random } from '../oracle/random.ts';
import type { Bench } from './bench.ts';

/** Something that takes input from outside, and must bear any. */
export interface Target {
  readonly name: string;
  /** An input by the choices of `random`: same seed, same input. */
  make(random: Random): Uint8Array;
  /** Rejects, with whatever error, where dockfw does what it must not do. */
  check(input: Uint8Array, bench: Bench): Promise<void>;
}
