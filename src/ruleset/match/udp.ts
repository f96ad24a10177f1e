import type { Extension } from '../extension.ts';
import { portRange } from '../readers.ts';
import type { PortMatch } from '../values.ts';
import { PORT_OPTIONS } from './tcp.ts';

/** -m udp and -m udplite */
export interface UdpMatch {
  readonly kind: 'udp' | 'udplite';
  readonly srcPorts: PortMatch | null;
  readonly dstPorts: PortMatch | null;
}

function udpLike(kind: UdpMatch['kind'], protocol: number): Extension<UdpMatch> {
  return {
    name: kind,
    protocols: [protocol],
    options: PORT_OPTIONS,
    read: (options) => ({
      kind,
      srcPorts: options.inverted('sport', portRange),
      dstPorts: options.inverted('dport', portRange),
    }),
  };
}

export const udpExtension = udpLike('udp', 17);
export const udpliteExtension = udpLike('udplite', 136);
