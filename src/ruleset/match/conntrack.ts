import type { AddressMatch, Invertible, PortMatch, RangeMatch } from '../values.ts';

export type CtState = 'INVALID' | 'NEW' | 'ESTABLISHED' | 'RELATED' | 'UNTRACKED' | 'SNAT' | 'DNAT';

export type CtStatus = 'NONE' | 'EXPECTED' | 'SEEN_REPLY' | 'ASSURED' | 'CONFIRMED';

export interface CtStates extends Invertible {
  readonly values: readonly CtState[];
}

export interface CtStatuses extends Invertible {
  readonly values: readonly CtStatus[];
}

/** -m conntrack: every condition that is not null must hold. */
export interface ConntrackMatch {
  readonly kind: 'conntrack';
  readonly states: CtStates | null;
  readonly statuses: CtStatuses | null;
  readonly proto: ({ readonly number: number } & Invertible) | null;
  readonly origSrc: AddressMatch | null;
  readonly origDst: AddressMatch | null;
  readonly replSrc: AddressMatch | null;
  readonly replDst: AddressMatch | null;
  readonly origSrcPorts: PortMatch | null;
  readonly origDstPorts: PortMatch | null;
  readonly replSrcPorts: PortMatch | null;
  readonly replDstPorts: PortMatch | null;
  /** Remaining lifetime in seconds. */
  readonly expire: RangeMatch | null;
  readonly direction: 'original' | 'reply' | null;
}
