/** What became of each frame, read from the packets that the lab saw. */
import type { Egress, KernelFrame, Tuple } from '../records.ts';
import type { Injection } from './client.ts';
import type { Shot } from './question.ts';
import { RST, readEthernet, readIp, type Seen, TCP } from './seen.ts';

const NAMES = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmpv6'],
  [132, 'sctp'],
]);

/** One for each shot; `injections` are theirs. */
export function kernelFrames(
  shots: readonly Shot[],
  injections: readonly Injection[],
): KernelFrame[] {
  return injections.map((injection, index) => {
    const shot = shots[index];
    if (shot === undefined) throw new Error(`nothing was sent for injection ${index}`);
    const { iface, datagram } = shot;
    const egress = leaving(shot, injection);
    const [first] = injection.local.map((hex) => readIp(Buffer.from(hex, 'hex')));
    const held =
      datagram !== undefined && !isDone(injection)
        ? { frag_held: completedBy(datagram, index, shots, injections) }
        : {};
    const local = first ? { local: true, local_tuple: tupleOf(first) } : {};
    return { frame: index + 1, in: iface, egress, ...local, ...held };
  });
}

const isDone = ({ egress, local }: Injection): boolean => egress.length + local.length > 0;

function leaving(shot: Shot, { egress }: Injection): Egress[] {
  return egress.flatMap(({ iface, frame }): Egress[] => {
    const { ip } = readEthernet(Buffer.from(frame, 'hex'));
    if (ip === null || isReset(shot, iface, ip)) return [];
    return [{ iface, ...tupleOf(ip), ttl: ip.ttl, ...(ip.frag > 0 ? { frag: ip.frag } : {}) }];
  });
}

/** REJECT answers bridged packets past OUTPUT: an RST, back to where the packet came from. */
function isReset(shot: Shot, iface: string, seen: Seen): boolean {
  const { ip } = readEthernet(shot.frame);
  if (ip === null || iface !== shot.iface || seen.proto !== TCP) return false;
  return (seen.flags & RST) !== 0 && (ip.flags & RST) === 0 && seen.dst === ip.src;
}

/** The frame with which something came of the datagram; null: none. */
function completedBy(
  datagram: number,
  from: number,
  shots: readonly Shot[],
  injections: readonly Injection[],
): number | null {
  const found = injections.findIndex(
    (injection, index) => index > from && shots[index]?.datagram === datagram && isDone(injection),
  );
  return found < 0 ? null : found + 1;
}

function tupleOf(seen: Seen): Tuple {
  const { src, dst, sport, dport, icmpId } = seen;
  return {
    src,
    dst,
    proto: NAMES.get(seen.proto) ?? `${seen.proto}`,
    ...(sport === null || dport === null ? {} : { sport, dport }),
    ...(icmpId === null ? {} : { icmp_id: icmpId }),
  };
}
