import type { Invertible, MaskedValue, PortMatch } from '../values.ts';

/** -m tcp */
export interface TcpMatch {
  readonly kind: 'tcp';
  readonly srcPorts: PortMatch | null;
  readonly dstPorts: PortMatch | null;
  /** FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32: (flags & mask) == value. `--syn` too. */
  readonly flags: (MaskedValue & Invertible) | null;
  /** The header has a TCP option of this kind. */
  readonly option: ({ readonly number: number } & Invertible) | null;
}
