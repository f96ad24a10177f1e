import type { Invertible } from '../values.ts';

/** -m ecn. true: asked, false: asked with `!`, null: not asked. */
export interface EcnMatch {
  readonly kind: 'ecn';
  readonly tcpEce: boolean | null;
  readonly tcpCwr: boolean | null;
  /** ECN field of the IP header, 0 … 3. */
  readonly ip: ({ readonly value: number } & Invertible) | null;
}
