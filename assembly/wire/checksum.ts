/**
 * Transport checksums, as connection tracking verifies them on arrival (nf_ip_checksum and
 * nf_ip6_checksum, net/netfilter/utils.c; sctp_error, nf_conntrack_proto_sctp.c).
 */
import { FAMILY_V4 } from '../abi';
import { Packet } from '../packet';
import { be16 } from './bytes';
import { crc32c } from './crc32c';
import { IPV4_SRC } from './ipv4';
import { IPV6_SRC } from './ipv6';
import {
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_SCTP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
} from './transport';

const TCP_CHECK: u32 = 16;
const UDP_COVERAGE: u32 = 4;
const UDP_CHECK: u32 = 6;
const ICMP_CHECK: u32 = 2;
const SCTP_CHECK: u32 = 8;

/** 16 bytes of ones, then 16 of zeroes: read at 16 - n, it keeps the first n bytes of a vector. */
const KEEP: usize = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
]);
/** How far behind the summed bytes a sum may read (and not use). */
export const CHECKSUM_SLACK: usize = 16;

@inline
function fold(sum: u64): u32 {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  let s = <u32>sum;
  s = (s & 0xffff) + (s >> 16);
  return (s & 0xffff) + (s >> 16);
}

// 65,535 times INVERSE is 1 modulo 2^64, so that of all products by it only those of multiples of
// 65,535 are no larger than MOST.
const INVERSE: u64 = 0xfffefffefffeffff;
const MOST: u64 = 0x0001000100010001;

/**
 * Whether a one's complement sum that is not 0 folds to 0xffff: whether it is a multiple of that.
 * Words of any width may be added up for it, as 2^16 is 1 modulo 65,535.
 */
@inline
export function isRightSum(sum: u64): bool {
  return sum * INVERSE <= MOST;
}

/**
 * Sums of the 16-bit words of `len` bytes at `at`, in memory order, over four lanes; an odd last
 * byte is padded with zero. Up to 256 KiB, with which each lane is below 2^30; reads CHECKSUM_SLACK
 * bytes more.
 */
@inline
function wordSums(at: usize, len: u32): v128 {
  let sums = i32x4.splat(0);
  const end = at + (len & ~15);
  for (const fours = at + (len & ~63); at < fours; at += 64) {
    const a = i32x4.extadd_pairwise_i16x8_u(v128.load(at));
    const b = i32x4.extadd_pairwise_i16x8_u(v128.load(at, 16));
    const c = i32x4.extadd_pairwise_i16x8_u(v128.load(at, 32));
    const d = i32x4.extadd_pairwise_i16x8_u(v128.load(at, 48));
    sums = i32x4.add(sums, i32x4.add(i32x4.add(a, b), i32x4.add(c, d)));
  }
  while (at < end) {
    sums = i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(v128.load(at)));
    at += 16;
  }
  const rest = v128.and(v128.load(at), v128.load(KEEP + 16 - <usize>(len & 15)));
  return i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(rest));
}

/** The four lanes as two numbers, added up. */
@inline
function ofLanes(sums: v128): u64 {
  return <u64>i64x2.extract_lane(sums, 0) + <u64>i64x2.extract_lane(sums, 1);
}

/**
 * One's complement sum, not folded, of `len` bytes at `at` as 16-bit words. Its byte order is
 * memory's: compare with stored values only.
 */
@inline
export function onesSum(at: usize, len: u32): u64 {
  const pair = ofLanes(wordSums(at, len));
  return (pair & 0xffffffff) + (pair >> 32);
}

/**
 * Whether the checksum of the `len` bytes at `l4` of an IPv4 packet is right; false also for one
 * that hardware is to finish (see isRight()).
 */
@inline
export function isRightV4(l3: usize, l4: usize, len: u32, proto: u32): bool {
  const addresses = i32x4.extadd_pairwise_i16x8_u(v128.load64_zero(l3, IPV4_SRC));
  const sums = i32x4.add(wordSums(l4, len), addresses);
  return isRightSum(ofLanes(sums) + (<u64>(len + proto) << 8)); // both in network order
}

/** Sum of the pseudo header: addresses as captured, protocol and transport length. */
function pseudoSum(p: Packet, proto: u32, len: u32): u64 {
  const l3 = <usize>p.l3;
  let sum = <u64>bswap<u32>(len) + <u64>bswap<u32>(proto);
  if (p.family == FAMILY_V4) return sum + onesSum(l3 + IPV4_SRC, 8);
  return sum + onesSum(l3 + IPV6_SRC, 32);
}

/**
 * Whether a checksum field is right, or one that the sender left for hardware to finish: the folded
 * pseudo header alone. Packets between containers and their host carry those all the way, and the
 * kernel knows so (CHECKSUM_PARTIAL); a capture shows it by the value.
 */
function isRight(p: Packet, proto: u32, cover: u32, check: u32): bool {
  const pseudo = pseudoSum(p, proto, p.l4Len);
  if (fold(pseudo + onesSum(p.l4, cover)) == 0xffff) return true;
  return <u32>load<u16>(<usize>p.l4 + check) == fold(pseudo);
}

/**
 * Whether the transport checksum of a packet on arrival is one that connection tracking accepts.
 * What was not captured whole cannot be verified and counts as right; so do protocols without one,
 * and headers too short to hold one (their lengths are judged elsewhere).
 */
export function transportChecksumOk(p: Packet): bool {
  const len = p.l4Len;
  if (p.l4 == 0 || p.l4Cap < len) return true;
  switch (<u32>p.proto) {
    case IPPROTO_TCP:
      return len < TCP_CHECK + 2 || isRight(p, IPPROTO_TCP, len, TCP_CHECK);
    case IPPROTO_UDP:
      if (len < UDP_CHECK + 2 || load<u16>(<usize>p.l4 + UDP_CHECK) == 0) return true;
      return isRight(p, IPPROTO_UDP, len, UDP_CHECK);
    case IPPROTO_UDPLITE: {
      // udplite_error() sums the covered bytes with UDP's protocol number, not UDP-Lite's
      if (len < UDP_CHECK + 2) return true;
      let cover = be16(<usize>p.l4 + UDP_COVERAGE);
      if (cover == 0) cover = len;
      if (cover < UDP_CHECK + 2 || cover > len) return false;
      if (load<u16>(<usize>p.l4 + UDP_CHECK) == 0) return false;
      return isRight(p, IPPROTO_UDP, cover, UDP_CHECK);
    }
    case IPPROTO_ICMP:
      if (len < ICMP_CHECK + 2 || p.family != FAMILY_V4) return true;
      return fold(onesSum(p.l4, len)) == 0xffff;
    case IPPROTO_ICMPV6:
      if (len < ICMP_CHECK + 2 || p.family == FAMILY_V4) return true;
      return isRight(p, IPPROTO_ICMPV6, len, ICMP_CHECK);
    case IPPROTO_SCTP:
      if (len < SCTP_CHECK + 4) return true;
      return crc32c(p.l4, len, SCTP_CHECK) == load<u32>(<usize>p.l4 + SCTP_CHECK);
    default:
      return true;
  }
}
