import type { PortMatch } from '../values.ts';

/** -m udp and -m udplite */
export interface UdpMatch {
  readonly kind: 'udp' | 'udplite';
  readonly srcPorts: PortMatch | null;
  readonly dstPorts: PortMatch | null;
}
