/**
 * How a rule lies in the blob of the image. Valid as AssemblyScript and as TypeScript.
 *
 * A rule's matches (Rule.matches, matchCount conditions, then the rest):
 *     conditions: {u16 dimension, u16 range count, u32 0, ranges}, all must hold, tested in order
 *         ranges of numbers:   {u16 low, u16 high}, inclusive, padded to 4 bytes
 *         ranges of addresses: {16 bytes low, 16 bytes high}, network order
 *     u32 count of residual matches, then each: {u16 kind, u16 flags, u32 bytes of payload, payload}
 * A condition is decided by a class of one dimension, so a chain looks it up for all rules at once;
 * a residual match is evaluated when its rule is reached.
 *
 * A target (Rule.target): {u16 kind, u16 flags, u32 argument, payload}.
 */
export const DIM_SRC = 0; // addresses
export const DIM_DST = 1;
export const DIM_SPORT = 2; // 0 … 65535
export const DIM_DPORT = 3;
export const DIM_PROTO = 4;
export const DIM_IN = 5; // interface ids, 0: none
export const DIM_OUT = 6;
export const DIM_PHYS_IN = 7;
export const DIM_PHYS_OUT = 8;
export const DIM_CT = 9; // CT_KEY_*
export const DIM_TCP_FLAGS = 10;
export const DIM_ICMP = 11; // type << 8 | code
export const DIM_TTL = 12;
export const DIM_TOS = 13;
export const DIM_LENGTH = 14;
export const DIM_PKTTYPE = 15;
export const DIM_L4 = 16; // L4_*
export const DIM_SRC_TYPE = 17; // RTN_*
export const DIM_DST_TYPE = 18;
export const DIM_FRAGMENT = 19; // 0: whole or first, 1: later fragment
export const DIM_BRIDGED = 20;
export const DIM_COUNT = 21;

/** DIM_CT: state | direction << 3 | the bits below; CT_KEY_NONE without a connection entry. */
export const CT_KEY_REPLY = 8;
export const CT_KEY_SNAT = 16;
export const CT_KEY_DNAT = 32;
export const CT_KEY_SEEN_REPLY = 64;
export const CT_KEY_ASSURED = 128;
export const CT_KEY_CONFIRMED = 256;
export const CT_KEY_EXPECTED = 512;
export const CT_KEY_COUNT = 1024;

export const L4_NONE = 0; // later fragment: no transport header
export const L4_SHORT = 1; // the transport header is not all there
export const L4_PORTS = 2; // enough for ports, not for the whole header (nft reads what it needs)
export const L4_FULL = 3;

// Residual matches. Flag 1: invert.
export const RESIDUAL_INVERT = 1;
export const RESIDUAL_DIMENSION = 1; // a condition: {u16 dimension, u16 ranges, u32 0, ranges}
export const RESIDUAL_MARK = 2; // u32 value, u32 mask
export const RESIDUAL_CONNMARK = 3; // u32 value, u32 mask
export const RESIDUAL_MAC = 4; // 6 bytes, padded to 8
export const RESIDUAL_CT_ADDRESS = 5; // u32 which (CT_ADDRESS_*), address 16, mask 16
export const RESIDUAL_CT_PORT = 6; // u32 which, u16 low, u16 high
export const RESIDUAL_CT_EXPIRE = 7; // u32 low, u32 high, seconds
export const RESIDUAL_CT_PROTO = 8; // u32 protocol
export const RESIDUAL_SRC_MASK = 9; // address 16, mask 16: a mask that is no prefix
export const RESIDUAL_DST_MASK = 10;
export const RESIDUAL_LIMIT = 11; // u64 cost, u64 burst; state: u32 index
export const RESIDUAL_NEVER = 12;
export const RESIDUAL_TYPE_ON_IFACE = 13; // addrtype --limit-iface: u32 flags (1 dst, 2 out), u32 mask of types
export const RESIDUAL_TCP_OPTION = 14; // u32 kind
export const RESIDUAL_TCPMSS = 15; // u16 low, u16 high
export const RESIDUAL_RPFILTER = 16; // u32 flags
export const RESIDUAL_NTH = 17; // u32 every, u32 packet; u32 state
export const RESIDUAL_ANY_PORT = 18; // multiport --ports: ranges like a condition
export const RESIDUAL_HOTDROP = 19; // legacy: a short transport header drops the packet
export const CT_ADDRESS_ORIG_SRC = 0;
export const CT_ADDRESS_ORIG_DST = 1;
export const CT_ADDRESS_REPL_SRC = 2;
export const CT_ADDRESS_REPL_DST = 3;

export const TARGET_NONE = 0;
export const TARGET_ACCEPT = 16;
export const TARGET_DROP = 17;
export const TARGET_RETURN = 18;
export const TARGET_JUMP = 19; // argument: chain
export const TARGET_GOTO = 20;
export const TARGET_REJECT = 21;
export const TARGET_QUEUE = 22;
export const TARGET_CONTINUE = 23; // LOG and others that change nothing
export const TARGET_MARK = 24; // u32 value, u32 mask
export const TARGET_CONNMARK_SET = 25; // u32 value, ctMask, nfMask, shift
export const TARGET_CONNMARK_SAVE = 26;
export const TARGET_CONNMARK_RESTORE = 27;
export const TARGET_NOTRACK = 28;
export const TARGET_CT_ZONE = 29; // argument: zone
export const TARGET_TTL_SET = 30; // argument: value
export const TARGET_TTL_INC = 31;
export const TARGET_TTL_DEC = 32;
export const TARGET_TOS = 33; // argument: value | mask << 8
export const TARGET_TCPMSS = 34; // argument: mss, 0: clamp to the path
export const TARGET_TCPMSS_CLAMP = 0;
