import type { BigRange, Invertible } from '../values.ts';

/** -m connbytes */
export interface ConnbytesMatch extends Invertible, BigRange {
  readonly kind: 'connbytes';
  readonly direction: 'original' | 'reply' | 'both';
  readonly mode: 'packets' | 'bytes' | 'avgpkt';
}
