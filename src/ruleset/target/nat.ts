import type { Address, NumberRange } from '../values.ts';

/** What a NAT target may choose from; null fields stay as they are. */
export interface NatRange {
  readonly min: Address | null;
  /** Equal to `min` for one address. */
  readonly max: Address | null;
  /** Ports, or ICMP ids. */
  readonly ports: NumberRange | null;
  /** DNAT's `:min-max/base`: the port keeps its distance from `base`; null: not given. */
  readonly basePort: number | null;
  readonly random: boolean;
  readonly randomFully: boolean;
  readonly persistent: boolean;
}

/** -j DNAT and SNAT */
export interface NatTarget {
  readonly kind: 'DNAT' | 'SNAT';
  readonly range: NatRange;
}

/** -j MASQUERADE and REDIRECT: the addresses of `range` are null. */
export interface InterfaceNatTarget {
  readonly kind: 'MASQUERADE' | 'REDIRECT';
  readonly range: NatRange;
}
