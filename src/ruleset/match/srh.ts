import type { AddressMatch, Invertible } from '../values.ts';

/** How a numeric field of the segment routing header is compared. */
export interface SrhNumber extends Invertible {
  readonly op: 'eq' | 'gt' | 'lt';
  readonly value: number;
}

/** -m srh (IPv6): segment routing header. */
export interface SrhMatch {
  readonly kind: 'srh';
  readonly nextHeader: ({ readonly number: number } & Invertible) | null;
  readonly headerLength: SrhNumber | null;
  readonly segmentsLeft: SrhNumber | null;
  readonly lastEntry: SrhNumber | null;
  readonly tag: ({ readonly value: number } & Invertible) | null;
  readonly previousSid: AddressMatch | null;
  readonly nextSid: AddressMatch | null;
  readonly lastSid: AddressMatch | null;
}
