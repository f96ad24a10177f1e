/**
 * Matches, targets and sets as they lie in the image. Valid as AssemblyScript and as TypeScript:
 * plain integer constants only. Little endian; every record begins at a multiple of 8.
 *
 *     blob     u32 stateBytes, u32 unused, then records
 *     match    u16 kind, u8 dimension, u8 flags, u32 bytes (header included), payload
 *     target   u16 kind, u16 flags, u32 bytes, payload
 *
 * A rule's matches lie one behind the other: the IP header's conditions first, then those of `-m`
 * in source order, as the kernel tests them. Whatever can be said of a single field of the packet
 * is lowered to values of a *dimension*; inversion is gone then, since a set of values has a
 * complement.
 *
 *     MATCH_VALUES     u32 words, u32 unused, then words × u64: bit v set: value v matches
 *     MATCH_RANGES     u32 count, u32 unused, then count × {u16 low, u16 high}, ascending, disjoint
 *     MATCH_ADDRESSES  u32 count, u32 unused, then count × {u64 lowHigh, lowLow, highHigh, highLow}:
 *                      inclusive, ascending, disjoint; an address as a 128-bit number, IPv4 in the
 *                      upper 32 bits (and the rest of `high` all ones)
 */
export const MATCH_HEADER_BYTES = 8;
export const TARGET_HEADER_BYTES = 8;

// --- dimensions: fields of a packet by which rules are classified --------------------------------
// Addresses: MATCH_ADDRESSES.
export const DIM_SRC = 0;
export const DIM_DST = 1;
// 16 bits: MATCH_RANGES.
export const DIM_SPORT = 2;
export const DIM_DPORT = 3;
export const DIM_ICMP = 4; // type << 8 | code
export const DIM_LENGTH = 5; // IP total length
// Small: MATCH_VALUES.
export const DIM_PROTO = 6;
export const DIM_IN = 7; // interface ids
export const DIM_OUT = 8;
export const DIM_PHYSIN = 9; // 0: no bridge port
export const DIM_PHYSOUT = 10; // interface id; PHYSOUT_NONE: came by a port, leaves by none (yet)
export const DIM_CT = 11; // see CT_VALUE_*
export const DIM_TCP_FLAGS = 12; // byte 13 of the TCP header
export const DIM_TTL = 13;
export const DIM_TOS = 14;
export const DIM_PKTTYPE = 15;
export const DIM_SRC_TYPE = 16; // IPv4: RTN_*; IPv6: see ADDRTYPE6_*
export const DIM_DST_TYPE = 17;
export const DIM_COUNT = 18;

export const FIRST_SMALL_DIM = 6;
export const CT_VALUES = 64;
export const PKTTYPE_VALUES = 8;
export const ADDRESS_TYPE_VALUES = 16;
/** Added to the number of interfaces: DIM_PHYSOUT of a packet that leaves by no bridge port. */
export const PHYSOUT_NONE = 1;

// DIM_CT: CT_* of abi.ts, plus these. INVALID and UNTRACKED stand alone.
export const CT_VALUE_REPLY = 8;
export const CT_VALUE_SNAT = 16;
export const CT_VALUE_DNAT = 32;

// --- matches -------------------------------------------------------------------------------------
/** Match.flags: the condition is inverted. */
export const MATCH_INVERT = 1;
/** A native expression of nf_tables: no match where the bytes are missing, instead of a drop. */
export const MATCH_NATIVE = 2;

export const MATCH_VALUES = 1;
export const MATCH_RANGES = 2;
export const MATCH_ADDRESSES = 3;
/** Never matches. */
export const MATCH_NEVER = 4;
/** u32 bytes of transport header that must be there, u32 HEADER_*: what happens otherwise. */
export const MATCH_HEADER = 5;
/** -f */
export const MATCH_FRAGMENT = 6;
/** An address under a mask that is no prefix: u64 × 4 value and mask (as MATCH_ADDRESSES). */
export const MATCH_SRC_MASK = 7;
export const MATCH_DST_MASK = 8;
/** u32 mask, u32 value */
export const MATCH_MARK = 9;
export const MATCH_CONNMARK = 10;
/** multiport on either side: as MATCH_RANGES */
export const MATCH_EITHER_PORT = 11;
/** u32 option kind */
export const MATCH_TCP_OPTION = 12;
/** u32 min, u32 max */
export const MATCH_TCPMSS = 13;
export const MATCH_SPI = 14; // esp: offset 0 of the header
export const MATCH_AH = 15; // offset 4
export const MATCH_IPCOMP = 16; // the CPI
/** u32 source types, u32 flags (ADDRTYPE_*), u32 destination types, u32 unused */
export const MATCH_ADDRTYPE = 17;
/** See CONNTRACK_*. */
export const MATCH_CONNTRACK = 18;
/** 6 bytes of address */
export const MATCH_MAC = 19;
/** u32 state, u32 unused, u32 × 2 cost and cap (legacy) or u64 × 2 (native) */
export const MATCH_LIMIT = 20;
/**
 * u32 state, u32 HASHLIMIT_*, u64 avg, u64 burst, u32 interval, expire ms, gc ms, most entries, …
 */
export const MATCH_HASHLIMIT = 21;
/** u32 list state, u32 RECENT_*, u32 seconds, u32 hits, u32 stamps, u32 unused, u64 × 2 mask */
export const MATCH_RECENT = 22;
/** u32 state, u32 limit, u32 destination, u32 unused, u64 × 2 mask */
export const MATCH_CONNLIMIT = 23;
/** u32 state, u32 every - 1, u32 first count */
export const MATCH_STATISTIC_NTH = 24;
/** u32 share of 2^31, u32 seed */
export const MATCH_STATISTIC_RANDOM = 25;
/** u32 state, u32 unused, u64 bytes */
export const MATCH_QUOTA = 26;
/** u32 from, u32 to, u32 bytes, u32 ignore case, pattern */
export const MATCH_STRING = 27;
export const MATCH_U32 = 28;
export const MATCH_TIME = 29;
/** u32 flags of assembly/route/rpfilter.ts */
export const MATCH_RPFILTER = 30;
/**
 * u32 set, u32 sides (bit i: dimension i from the source), u32 side count, u32 SET_*, u64 packets,
 * u64 bytes
 */
export const MATCH_SET = 31;
/** u32 what a forwarded packet answers, u32 what one of the host's own does */
export const MATCH_OWNER = 32;
/**
 * u32 mode (0 all, 1 any, 2 only), u32 count, count × {u8 type, u8 flag mask, u8 flags, u8 unused}
 */
export const MATCH_SCTP_CHUNKS = 33;
/** u32 types (bit per type), u32 inverted, u32 option or 0, u32 inverted */
export const MATCH_DCCP = 34;
// IPv6 extension headers.
/** u32 first id, u32 last id, u32 FRAG_* */
export const MATCH_FRAG = 35;
/**
 * u32 header (0 hop-by-hop, 60 destination), u32 length or NO_LENGTH, u32 length inverted, u32
 * count, count × {u8 type, u8 length, or 255 for any}
 */
export const MATCH_OPTIONS = 36;
/** u32 segments left min, max, u32 ROUTING_*, u32 type, u32 length, u32 count, count × 16 bytes */
export const MATCH_ROUTING = 37;
/** u32 headers (MASK_* of ip6t_ipv6header.h), u32 soft: these at least */
export const MATCH_IPV6HEADER = 38;
/** u32 spi min, max, u32 length in bytes (0: any), u32 AH_* */
export const MATCH_AH6 = 39;
/** u32 type min, max */
export const MATCH_MH = 40;
/**
 * u32 count, u32 unused, count × {u8 offset in the header, u8 bytes, u8 operator (0 =, 1 >, 2 <),
 * u8 inverted, u32 value}, then of the previous, next and last segment {u32 asked, u32 inverted, 16
 * bytes of address, 16 of mask}
 */
export const MATCH_SRH = 41;
export const MATCH_EUI64 = 42;
/** u64 from, u64 to, u32 direction (0 original, 1 reply, 2 both), u32 CONNBYTES_* */
export const MATCH_CONNBYTES = 43;
/** u32 label, u32 set it */
export const MATCH_CONNLABEL = 44;
/** u32 nodes, u32 local nodes (bits), u32 seed */
export const MATCH_CLUSTER = 45;
/** u32 count, u32 unused, count × {u16 code, u8 jt, u8 jf, u32 k} */
export const MATCH_BPF = 46;

// --- targets -------------------------------------------------------------------------------------
/** No target: the rule only counts. */
export const TARGET_NONE = 0;
// NAT targets: 48 bytes of range, see the layout in assembly/nat/range.ts.
export const TARGET_DNAT = 1;
export const TARGET_SNAT = 2;
export const TARGET_MASQUERADE = 3;
export const TARGET_REDIRECT = 4;
export const TARGET_NETMAP = 5;
export const TARGET_ACCEPT = 6;
export const TARGET_DROP = 7;
export const TARGET_RETURN = 8;
export const TARGET_QUEUE = 9;
/** u32 chain id */
export const TARGET_JUMP = 10;
export const TARGET_GOTO = 11;
/** u32 REJECT_* */
export const TARGET_REJECT = 12;
/** u32 mask, u32 value: (mark & ~mask) ^ value */
export const TARGET_MARK = 13;
/** u32 mode (CONNMARK_*), value, ctMask, nfMask, shift left, shift right */
export const TARGET_CONNMARK = 14;
/** u32 flags (CT_TARGET_*), u32 zone */
export const TARGET_CT = 15;
/** u32 TTL_*, u32 value */
export const TARGET_TTL = 16;
/** u32 mask, u32 value: TOS, DSCP and ECN's IP field */
export const TARGET_TOS = 17;
/** u32 mask, u32 value: byte 13 of the TCP header */
export const TARGET_TCP_FLAGS = 18;
/** u32 MSS, or 0 to clamp it to the path MTU */
export const TARGET_TCPMSS = 19;
/** u32 priority */
export const TARGET_CLASSIFY = 20;
/**
 * Three references {u32 set + 1, u32 sides, u32 side count}: add, delete, map; u32 flags, u32
 * timeout
 */
export const TARGET_SET = 21;
/** Effects that no rule can see: LOG, NFLOG, TRACE, CHECKSUM, TEE, … */
export const TARGET_CONTINUE = 22;
/** 32 bytes: bit n of them: TCP option n goes */
export const TARGET_TCPOPTSTRIP = 23;
/**
 * u32 modulus, u32 offset, u32 seed, u32 HMARK_*, 16 bytes of source mask (u32 × 4, IPv4 the
 * first), 16 of destination mask, u32 ports mask, u32 ports set (source << 16 | destination), u32
 * protocol mask
 */
export const TARGET_HMARK = 24;
/** u32 prefix length, u32 what balances checksums, 16 bytes of the new prefix */
export const TARGET_SNPT = 25;
export const TARGET_DNPT = 26;

// TARGET_REJECT, as Packet.rejectWith
export const REJECT_NONE = 0;
export const REJECT_NET_UNREACHABLE = 1;
export const REJECT_HOST_UNREACHABLE = 2;
export const REJECT_PROTO_UNREACHABLE = 3;
export const REJECT_PORT_UNREACHABLE = 4;
export const REJECT_NET_PROHIBITED = 5;
export const REJECT_HOST_PROHIBITED = 6;
export const REJECT_ADMIN_PROHIBITED = 7;
export const REJECT_TCP_RESET = 8;
export const REJECT_NO_ROUTE = 9;
export const REJECT_ADDRESS_UNREACHABLE = 10;
export const REJECT_POLICY_FAIL = 11;
export const REJECT_ROUTE = 12;

// TARGET_CONNMARK
export const CONNMARK_SET = 0;
export const CONNMARK_SAVE = 1;
export const CONNMARK_RESTORE = 2;

// TARGET_CT
export const CT_TARGET_NOTRACK = 1;
export const CT_TARGET_ZONE_ORIGINAL = 2;
export const CT_TARGET_ZONE_REPLY = 4;
export const CT_TARGET_ZONE_MARK = 8;

// TARGET_HMARK
export const HMARK_CT = 1;

// TARGET_TTL
export const TTL_SET = 0;
export const TTL_DEC = 1;
export const TTL_INC = 2;

// MATCH_ADDRTYPE
export const ADDRTYPE_INVERT_SRC = 1;
export const ADDRTYPE_INVERT_DST = 2;
export const ADDRTYPE_LIMIT_IN = 4;
export const ADDRTYPE_LIMIT_OUT = 8;
export const ADDRTYPE_SRC = 16;
export const ADDRTYPE_DST = 32;
// IPv6: the kind of address << 2 | what its route says.
export const ADDRTYPE6_MULTICAST = 0;
export const ADDRTYPE6_UNICAST = 1;
export const ADDRTYPE6_ANY = 2;
export const ADDRTYPE6_LOCAL = 1;
export const ADDRTYPE6_ANYCAST = 2;
export const ADDRTYPE6_UNREACHABLE = 3;
export const ADDRTYPE6_CODES = 12;

// MATCH_CONNTRACK: u32 which, u32 inverted (bits below), u64 states (bit v: DIM_CT value v),
// u32 status bits, u32 protocol, u32 direction, u32 unused, then for each of the four addresses
// {u64 × 2 value, u64 × 2 mask}, then four times {u16 low, u16 high} of ports, u32 × 2 expiry.
export const CONNTRACK_STATE = 1;
export const CONNTRACK_STATUS = 2;
export const CONNTRACK_PROTO = 4;
export const CONNTRACK_DIRECTION = 8;
export const CONNTRACK_EXPIRES = 16;
export const CONNTRACK_ORIG_SRC = 32; // then ORIG_DST, REPL_SRC, REPL_DST: shifted by their index
export const CONNTRACK_ORIG_SPORT = 512; // then ORIG_DPORT, REPL_SPORT, REPL_DPORT
export const CONNTRACK_ADDRESSES = 32; // offsets in the payload
export const CONNTRACK_PORTS = 160;
export const CONNTRACK_EXPIRY = 176;

// MATCH_HASHLIMIT
export const HASHLIMIT_ABOVE = 1; // match above the rate
export const HASHLIMIT_BYTES = 2;
export const HASHLIMIT_RATE_MATCH = 4;
export const HASHLIMIT_SRC = 8;
export const HASHLIMIT_DST = 16;
export const HASHLIMIT_SPORT = 32;
export const HASHLIMIT_DPORT = 64;

// MATCH_RECENT
export const RECENT_SET = 1;
export const RECENT_CHECK = 2;
export const RECENT_UPDATE = 4;
export const RECENT_REMOVE = 8;
export const RECENT_DST = 16;
export const RECENT_TTL = 32;
export const RECENT_REAP = 64;

// MATCH_FRAG
export const FRAG_INVERT_IDS = 1;
export const FRAG_RESERVED_ZERO = 2;
export const FRAG_FIRST = 4;
export const FRAG_MORE = 8;
export const FRAG_LAST = 16;

// MATCH_OPTIONS
export const NO_LENGTH = 0xffffffff;

// MATCH_ROUTING
export const ROUTING_INVERT_SEGMENTS = 1;
export const ROUTING_TYPE = 2;
export const ROUTING_INVERT_TYPE = 4;
export const ROUTING_LENGTH = 8;
export const ROUTING_INVERT_LENGTH = 16;
export const ROUTING_RESERVED_ZERO = 32;
export const ROUTING_ADDRESSES = 64;
export const ROUTING_NOT_STRICT = 128;

// MATCH_HEADER
export const HEADER_DROPS = 0;
/** It is TCP's: a later fragment that would overwrite it is dropped, too. */
export const HEADER_DROPS_OVERWRITTEN = 1;
/** No match; in a later fragment payload passes for the header. */
export const HEADER_FAILS = 2;

// MATCH_CONNBYTES
export const CONNBYTES_PACKETS = 0;
export const CONNBYTES_BYTES = 1;
export const CONNBYTES_AVERAGE = 2;
export const CONNBYTES_BOTH = 2; // direction

// MATCH_AH6
export const AH_INVERT_SPI = 1;
export const AH_INVERT_LENGTH = 2;
export const AH_RESERVED_ZERO = 4;

// --- sets ----------------------------------------------------------------------------------------
// SECTION_SET: SET_SIZE bytes per set, then what they point to (offsets from the section's start).
//
//     0 u8 kind, u8 family (0: any), u8 dimensions, u8 log2 of buckets │ u32 flags
//     8 u8 × 6 SET_DIM_*, u16 entries in a bucket at most
//    16 u64 × 2 address mask │ u32 mark mask │ u32 default timeout (s)
//    40 u32 first, u32 last: the addresses or ports that fit a bitmap
//    48 u32 entries, u32 count │ u32 most entries │ u32 initial value of the hash
//
// An entry is its key and what comes with it; of a list's member, the key's first word is the set.
//
//     0 u64 × 2 first address │ u64 × 2 second address
//    32 u16 port, u8 protocol, u8 first prefix, u8 second prefix, u8 unused, u16 interface │ u64 MAC
//    48 u32 mark, u32 unused ── end of the key ──
//    56 u32 SET_ENTRY_*, u32 timeout (s; 0: none) │ u32 mark, u32 mark mask, u32 priority, u32 unused
//    80 u64 packets, u64 bytes │ u64 MAC that is no part of the key (bitmap:ip,mac)
export const SET_SIZE = 64;
export const SET_KEY_BYTES = 56;
export const SET_ENTRY_BYTES = 104;

export const SET_HASH = 0;
export const SET_LIST = 1;

export const SET_HAS_TIMEOUT = 1;
/** Ports of TCP and UDP alike, without protocol. */
export const SET_PLAIN_PORTS = 2;
export const SET_FORCEADD = 4;
/** The first, the second address has prefixes. */
export const SET_FIRST_NET = 8;
export const SET_SECOND_NET = 16;
/** bitmap:ip,mac: the MAC is no part of the key; entries without one learn it. */
export const SET_LEARNS_MAC = 32;
export const SET_HAS_COUNTERS = 64;
/** Entries have marks and priorities. */
export const SET_HAS_SKBINFO = 128;
/** hash:ip: address zero is in no set. */
export const SET_NO_ZERO = 256;
/** What lies outside the first and the last address or port cannot be in it. */
export const SET_BITMAP = 512;
/** hash:net,iface: an entry hides shorter prefixes, whatever its interface. */
export const SET_NET_IFACE = 1024;
/** The kernel's buckets are known. */
export const SET_HAS_BUCKETS = 2048;

export const SET_DIM_ADDRESS = 1;
export const SET_DIM_PORT = 2;
export const SET_DIM_MAC = 3;
export const SET_DIM_IFACE = 4;
export const SET_DIM_MARK = 5;

/** An interface that the host does not have. */
export const SET_NO_SUCH_IFACE = 0xffff;

export const SET_ENTRY_NOMATCH = 1;
/** A MAC address is not known yet (bitmap:ip,mac): any matches, and stays. */
export const SET_ENTRY_ANY_MAC = 2;

// MATCH_SET: flags; the operators for packets and bytes are in them too
export const SET_RETURN_NOMATCH = 1;
export const SET_SKIP_COUNTERS = 2;
/** The answer depends on more than the packet: timeouts, SET targets, counters, MACs. */
export const SET_VOLATILE = 4;
export const SET_OP_EQ = 1;
export const SET_OP_NE = 2;
export const SET_OP_LT = 3;
export const SET_OP_GT = 4;
/** list:set: the counters of the members' entries stand still. */
export const SET_SKIP_SUBCOUNTERS = 8;
export const SET_PACKETS_OP_SHIFT = 8;
export const SET_BYTES_OP_SHIFT = 12;

// TARGET_SET
export const SET_TARGET_EXIST = 1;
export const SET_TARGET_TIMEOUT = 2;
export const SET_TARGET_MAP_MARK = 4;
export const SET_TARGET_MAP_PRIORITY = 8;
