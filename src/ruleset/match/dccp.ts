import type { Invertible, PortMatch } from '../values.ts';

/** -m dccp */
export interface DccpMatch {
  readonly kind: 'dccp';
  readonly srcPorts: PortMatch | null;
  readonly dstPorts: PortMatch | null;
  /** Bit n: packet type n (REQUEST 0 … SYNCACK 9; INVALID 10 stands for all from 10 on). */
  readonly types: ({ readonly mask: number } & Invertible) | null;
  readonly option: ({ readonly number: number } & Invertible) | null;
}
