import type { Rate } from '../values.ts';

export type HashlimitKey = 'srcip' | 'srcport' | 'dstip' | 'dstport';

/** -m hashlimit */
export interface HashlimitMatch {
  readonly kind: 'hashlimit';
  readonly name: string;
  /** Match while the rate is not exceeded, or only above it. */
  readonly when: 'upto' | 'above';
  /** Packets in a time, or bytes a second. */
  readonly rate:
    | ({ readonly of: 'packets' } & Rate)
    | { readonly of: 'bytes'; readonly perSec: number };
  /** Packets, or bytes when the rate is in bytes (0: none given, the kernel's unit is used). */
  readonly burst: number;
  readonly keys: readonly HashlimitKey[];
  readonly srcPrefixLen: number;
  readonly dstPrefixLen: number;
  /** Buckets; 0 leaves the choice to the kernel. */
  readonly tableSize: number;
  /** Entries; 0: no bound given. */
  readonly tableMax: number;
  readonly expireMs: number;
  readonly gcIntervalMs: number;
  readonly rateMatch: boolean;
  /** Seconds; 0 where --hashlimit-rate-match is not used. */
  readonly rateIntervalSec: number;
}
