/** Matches on what a connection carried and on its labels, and cluster: whose connection it is. */
import { FAMILY_V4, PACKET_HOST, PACKET_MULTICAST } from '../../abi';
import { CONNBYTES_AVERAGE, CONNBYTES_BOTH, CONNBYTES_BYTES } from '../../abi-rules';
import { v6Bytes } from '../../address';
import { Conn } from '../../conntrack/conn';
import { ConnExtra, extraOf } from '../../conntrack/extra';
import { jhashWords, scaled } from '../../lookup/jhash';
import { Packet } from '../../packet';
import { matchPayload } from '../record';
import { isInverted } from './header';

/** MATCH_CONNBYTES (xt_connbytes.c): false without a connection, inverted or not. */
export function connbytesMatches(p: Packet, match: usize): bool {
  if (p.conn == 0) return false;
  const extra = extraOf(changetype<Conn>(<usize>p.conn));
  const at = matchPayload(match);
  const direction = load<u32>(at, 16);
  const packets = inDirection(extra, direction, 0);
  const bytes = inDirection(extra, direction, 8);
  let what = packets;
  if (load<u32>(at, 20) == CONNBYTES_BYTES) what = bytes;
  else if (load<u32>(at, 20) == CONNBYTES_AVERAGE) what = packets != 0 ? bytes / packets : 0;
  return (what >= load<u64>(at) && what <= load<u64>(at, 8)) != isInverted(match);
}

/** The counter at `offset` of a direction: 0 original, 1 reply, or both. */
function inDirection(extra: ConnExtra, direction: u32, offset: usize): u64 {
  const counters = changetype<usize>(extra) + offsetof<ConnExtra>('packets0') + offset;
  if (direction == CONNBYTES_BOTH) return load<u64>(counters) + load<u64>(counters, 16);
  return load<u64>(counters + (<usize>direction << 4));
}

/** MATCH_CONNLABEL (xt_connlabel.c) */
export function connlabelMatches(p: Packet, match: usize): bool {
  const invert = isInverted(match);
  if (p.conn == 0) return invert;
  const at = matchPayload(match);
  const label = load<u32>(at);
  const labels =
    changetype<usize>(extraOf(changetype<Conn>(<usize>p.conn))) + offsetof<ConnExtra>('labels0');
  const word = labels + ((<usize>label >> 6) << 3);
  const bit: u64 = (<u64>1) << (label & 63);
  if (load<u64>(word) & bit) return !invert;
  if (!load<u32>(at, 4)) return invert;
  store<u64>(word, load<u64>(word) | bit);
  return !invert;
}

const MULTICAST_V4: u32 = 0xe; // the first four bits

/** MATCH_CLUSTER (xt_cluster.c), which makes a frame to a group one to the host. */
export function clusterMatches(p: Packet, match: usize): bool {
  if (p.pktType == PACKET_MULTICAST && !isMulticast(p)) p.pktType = <u8>PACKET_HOST;
  if (p.conn == 0) return false;
  const conn = changetype<Conn>(<usize>p.conn);
  const at = matchPayload(match);
  const seed = load<u32>(at, 8);
  const node = scaled(sourceHash(conn, seed), load<u32>(at));
  return <bool>((load<u32>(at, 4) >> node) & 1) != isInverted(match);
}

function isMulticast(p: Packet): bool {
  if (p.family == FAMILY_V4) return p.dst >> 28 == MULTICAST_V4;
  return load<u8>(v6Bytes(p.dst)) == 0xff;
}

/**
 * Hash of the original source as it lies in the kernel's memory; of an IPv6 address the first word
 * alone (xt_cluster_hash_ipv6() takes the number of words for one of bytes).
 */
function sourceHash(conn: Conn, seed: u32): u32 {
  const v4 = conn.family == <u8>FAMILY_V4;
  const word = v4 ? bswap<u32>(conn.origSrc) : load<u32>(v6Bytes(conn.origSrc));
  return jhashWords(word, 0, 0, 1, seed);
}
