import type { Address, Invertible } from '../values.ts';

/** -m recent */
export interface RecentMatch extends Invertible {
  readonly kind: 'recent';
  readonly name: string;
  readonly action: 'set' | 'rcheck' | 'update' | 'remove';
  readonly side: 'source' | 'destination';
  readonly mask: Address;
  /** 0: any age. */
  readonly seconds: number;
  readonly reap: boolean;
  /** 0: any number. */
  readonly hitcount: number;
  readonly checkTtl: boolean;
}
