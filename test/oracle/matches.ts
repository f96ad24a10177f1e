/** Whether a packet matches: one plain function per kind of match. */
import type { ConntrackMatch, CtStates } from '../../src/ruleset/match/conntrack.ts';
import type { Match } from '../../src/ruleset/match/index.ts';
import type { Rule } from '../../src/ruleset/rule.ts';
import type {
  AddressMask,
  AddressMatch,
  InterfaceMatch,
  NumberRange,
  PortMatch,
} from '../../src/ruleset/values.ts';
import type { Tuple } from './connections.ts';
import { ICMP, type Packet, TCP, UDP } from './packet.ts';
import { addressKind } from './topology.ts';

/** Packets that `statistic --mode nth` has seen of its round, by match. */
export type NthCounts = Map<Match, number>;

const within = (value: number, { min, max }: NumberRange): boolean => value >= min && value <= max;

const masked = (address: number, mask: AddressMask): boolean =>
  (BigInt(address) & mask.mask) === mask.address;

function addressHolds(address: number, match: AddressMatch | null): boolean {
  return match === null || masked(address, match) !== match.invert;
}

function interfaceHolds(name: string | null, match: InterfaceMatch | null): boolean {
  if (match === null) return true;
  const same = match.wildcard ? (name ?? '').startsWith(match.name) : name === match.name;
  return same !== match.invert;
}

function portHolds(port: number, match: PortMatch | null): boolean {
  return match === null || within(port, match) !== match.invert;
}

/** -s, -d, -i, -o, -p and all matches of a rule. */
export function ruleMatches(rule: Rule, packet: Packet, nth: NthCounts): boolean {
  if (!addressHolds(packet.src, rule.src) || !addressHolds(packet.dst, rule.dst)) return false;
  if (!interfaceHolds(packet.in, rule.in) || !interfaceHolds(packet.out, rule.out)) return false;
  if (rule.proto !== null && rule.proto.number !== 0) {
    if ((rule.proto.number === packet.proto) === rule.proto.invert) return false;
  }
  if (rule.fragment !== null && !rule.fragment.invert) return false; // there are no fragments here
  return rule.matches.every((match) => holds(match, packet, nth));
}

function holds(match: Match, packet: Packet, nth: NthCounts): boolean {
  switch (match.kind) {
    case 'comment':
      return true;
    case 'tcp': {
      if (packet.proto !== TCP) return false;
      const flags = match.flags;
      const right =
        flags === null || ((packet.arrival.tcpFlags & flags.mask) === flags.value) !== flags.invert;
      return (
        portHolds(packet.sport, match.srcPorts) && portHolds(packet.dport, match.dstPorts) && right
      );
    }
    case 'udp':
      return (
        packet.proto === UDP &&
        portHolds(packet.sport, match.srcPorts) &&
        portHolds(packet.dport, match.dstPorts)
      );
    case 'icmp': {
      if (packet.proto !== ICMP) return false;
      const same =
        match.type === null || (match.type === packet.arrival.icmpType && within(0, match.codes));
      return same !== match.invert;
    }
    case 'multiport': {
      if (packet.proto !== TCP && packet.proto !== UDP) return false;
      const src = match.ports.some((range) => within(packet.sport, range));
      const dst = match.ports.some((range) => within(packet.dport, range));
      const found = { source: src, destination: dst, either: src || dst }[match.side];
      return found !== match.invert;
    }
    case 'iprange':
      return [
        { range: match.src, address: BigInt(packet.src) },
        { range: match.dst, address: BigInt(packet.dst) },
      ].every(
        ({ range, address }) =>
          range === null || (address >= range.min && address <= range.max) !== range.invert,
      );
    case 'addrtype': {
      const device = match.limitIn ? packet.in : match.limitOut ? packet.out : null;
      return [
        { types: match.srcTypes, address: packet.src },
        { types: match.dstTypes, address: packet.dst },
      ].every(
        ({ types, address }) =>
          types === null || types.values.includes(addressKind(address, device)) !== types.invert,
      );
    }
    case 'conntrack':
      return conntrackHolds(match, packet);
    case 'state':
      return statesHold(match, packet);
    case 'mark':
      return ((packet.mark & match.mask) >>> 0 === match.value) !== match.invert;
    case 'connmark': {
      const connection = packet.connection;
      if (connection === null) return false; // inverted too
      return ((connection.mark & match.mask) >>> 0 === match.value) !== match.invert;
    }
    case 'mac': {
      const mac = Number.parseInt(packet.arrival.srcMac.replaceAll(':', ''), 16);
      return (mac === match.source) !== match.invert;
    }
    case 'length':
      return within(packet.length, match) !== match.invert;
    case 'ttl': {
      const { op, value } = match;
      const same =
        op === 'eq' ? packet.ttl === value : op === 'lt' ? packet.ttl < value : packet.ttl > value;
      return same !== match.invert;
    }
    case 'tos':
      return ((packet.tos & match.mask) === match.value) !== match.invert;
    case 'dscp':
      return (packet.tos >> 2 === match.value) !== match.invert;
    case 'pkttype':
      return (packet.arrival.type === match.type) !== match.invert;
    case 'statistic': {
      if (match.mode === 'random') throw new Error('the oracle cannot throw dice');
      const seen = nth.get(match) ?? 0;
      nth.set(match, (seen + 1) % match.every);
      return (seen === match.packet) !== match.invert;
    }
    default:
      throw new Error(`the oracle does not know the match ${match.kind}`);
  }
}

function statesHold(states: CtStates, packet: Packet): boolean {
  const now: string[] = [packet.state ?? 'INVALID'];
  if (packet.connection?.srcNat === true) now.push('SNAT');
  if (packet.connection?.dstNat === true) now.push('DNAT');
  return states.values.some((state) => now.includes(state)) !== states.invert;
}

/** The port conditions read an ICMP tuple as id, and type and code. */
function tuplePorts(tuple: Tuple): { src: number; dst: number } {
  if (tuple.proto !== ICMP) return { src: tuple.sport, dst: tuple.dport };
  return { src: tuple.sport, dst: tuple.icmpType << 8 };
}

function conntrackHolds(match: ConntrackMatch, packet: Packet): boolean {
  if (match.states !== null && !statesHold(match.states, packet)) return false;
  const connection = packet.connection;
  // nothing else is asked of a packet without a connection: a state matched, or the match fails
  if (connection === null) return match.states !== null;
  if (match.direction !== null && match.direction !== packet.direction) return false;
  const { original, reply } = connection;
  const addresses = [
    addressHolds(original.src, match.origSrc),
    addressHolds(original.dst, match.origDst),
    addressHolds(reply.src, match.replSrc),
    addressHolds(reply.dst, match.replDst),
  ];
  const [to, back] = [tuplePorts(original), tuplePorts(reply)];
  const ports = [
    portHolds(to.src, match.origSrcPorts),
    portHolds(to.dst, match.origDstPorts),
    portHolds(back.src, match.replSrcPorts),
    portHolds(back.dst, match.replDstPorts),
  ];
  if (![...addresses, ...ports].every(Boolean)) return false;
  const { proto, statuses } = match;
  if (proto !== null && (proto.number === original.proto) === proto.invert) return false;
  if (statuses === null) return true;
  const now = [connection.seenReply ? 'SEEN_REPLY' : '', connection.confirmed ? 'CONFIRMED' : ''];
  return statuses.values.some((status) => now.includes(status)) !== statuses.invert;
}
