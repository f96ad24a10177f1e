/**
 * The numbers on which the core and its embedder agree: codes, image sections, struct sizes.
 * Valid as AssemblyScript and as TypeScript: plain integer constants only, no imports.
 * What a rule's matches and targets look like in the image is in abi-rules.ts.
 *
 * All multi-byte values in the image are little endian; addresses are 16 bytes in network order
 * (IPv4 in the first four bytes, the rest zero). "none" ids are 0 for interfaces and networks
 * (their ids start at 1) and NONE for everything that counts from 0.
 */
export const ABI_MAGIC = 0x57464b44; // "DKFW"
export const ABI_VERSION = 1;
export const NONE = 0x7fffffff;

// --- netfilter -----------------------------------------------------------------------------
export const TABLE_RAW = 0;
export const TABLE_MANGLE = 1;
export const TABLE_NAT = 2;
export const TABLE_FILTER = 3;
export const TABLE_SECURITY = 4;
export const TABLE_COUNT = 5;

// Numbered as enum nf_inet_hooks.
export const HOOK_PREROUTING = 0;
export const HOOK_INPUT = 1;
export const HOOK_FORWARD = 2;
export const HOOK_OUTPUT = 3;
export const HOOK_POSTROUTING = 4;
export const HOOK_COUNT = 5;

export const FAMILY_V4 = 4;
export const FAMILY_V6 = 6;

/** What evaluating a base chain ends with. */
export const VERDICT_NONE = 0;
export const VERDICT_ACCEPT = 1;
export const VERDICT_DROP = 2;
export const VERDICT_REJECT = 3;
export const VERDICT_QUEUE = 4;
/** A NAT target matched: its kind and range are in the Packet; the pipeline sets the mapping up. */
export const VERDICT_NAT = 5;

// enum ip_conntrack_info, split into state and direction.
export const CT_NEW = 0;
export const CT_ESTABLISHED = 1;
export const CT_RELATED = 2;
export const CT_INVALID = 3;
export const CT_UNTRACKED = 4;
export const DIR_ORIGINAL = 0;
export const DIR_REPLY = 1;

// --- frames --------------------------------------------------------------------------------
/** FrameRecord.direction */
export const DIRECTION_UNKNOWN = 0;
export const DIRECTION_IN = 1;
export const DIRECTION_OUT = 2;

// FrameRecord.pktType, as <linux/if_packet.h>.
export const PACKET_HOST = 0;
export const PACKET_BROADCAST = 1;
export const PACKET_MULTICAST = 2;
export const PACKET_OTHERHOST = 3;
export const PACKET_OUTGOING = 4;

// FrameRecord.flags
export const FRAME_VLAN = 1; // tagged, and for no VLAN device: bridged frames bypass iptables
export const FRAME_SNAPPED = 2; // captured less than the frame had: checksums cannot be verified
export const FRAME_FRAGMENT = 4; // MF set or offset not 0, and not reassembled (yet)
export const FRAME_REASSEMBLED = 8; // l3 points to the whole datagram, completed by this frame
export const FRAME_HELD = 16; // a fragment kept for a datagram that a later frame completes
export const FRAME_ETHERNET = 32; // l2 points to an Ethernet header (both MACs known)
export const FRAME_NO_IFACE = 64; // interface and direction are guesses from addresses
export const FRAME_VLAN_DEVICE = 128; // seen tagged below the VLAN device that it is taken to be on
export const FRAME_HEADERS = 256; // IPv6: an authentication header, or headers that are cut short

// FrameRecord.fault: why a frame is not evaluated (0: it is).
export const FAULT_NONE = 0;
export const FAULT_NOT_IP = 1; // ARP, IPX, LLC, … (role ignore, reason "not-ip")
export const FAULT_TRUNCATED = 2; // captured length ends inside a header that is needed
export const FAULT_IP_VERSION = 3;
export const FAULT_IP_HEADER_LENGTH = 4;
export const FAULT_IP_TOTAL_LENGTH = 5; // frame shorter than its total length, or total < header
export const FAULT_IP_CHECKSUM = 6;
export const FAULT_LINK_TYPE = 7; // link type not supported
export const FAULT_IP_OPTIONS = 8;

// --- results -------------------------------------------------------------------------------
export const ROLE_INJECT = 0;
export const ROLE_OBSERVE = 1;
export const ROLE_IGNORE = 2;

export const PATH_NONE = 0; // ended before routing
export const PATH_FORWARD = 1;
export const PATH_INPUT = 2;
export const PATH_OUTPUT = 3;
export const PATH_BRIDGE = 4;

export const REASON_NONE = 0;
export const REASON_RULE = 1;
export const REASON_POLICY = 2;
export const REASON_NO_ROUTE = 3;
export const REASON_FORWARDING_OFF = 4;
export const REASON_RP_FILTER = 5;
export const REASON_MARTIAN = 6;
export const REASON_TTL = 7;
export const REASON_MALFORMED = 8;
export const REASON_OTHERHOST = 9;
export const REASON_NOT_IP = 10;
export const REASON_NOT_HOST = 11; // not on an interface of the host
export const REASON_FRAGMENT = 12; // held: waits for the rest of its datagram
export const REASON_NO_PORT = 13; // bridge: the frame would leave by the port it came from
export const REASON_HOTDROP = 14; // a match met a truncated header
export const REASON_NAT_FAILED = 15; // no free tuple, or masqueraded for another interface
export const REASON_OBSERVED = 16; // the same packet, seen further on
export const REASON_NO_RULES = 17; // no base chain saw the packet (bridge-nf-call off, …)
export const REASON_PKTTYPE = 18; // unicast packet in a broadcast frame is not forwarded
export const REASON_BLACKHOLE = 19; // blackhole, unreachable or prohibit route
export const REASON_MTU = 20; // does not fit the way out and must not be fragmented
export const REASON_CONNTRACK = 21; // dropped by connection tracking
export const REASON_SOURCE_ROUTE = 22; // a source route that the host does not accept

export const CLASS_OTHER = 0;
export const CLASS_PUBLISHED = 1;
export const CLASS_UNPUBLISHED = 2;
export const CLASS_EGRESS = 3;
export const CLASS_SAME_NETWORK = 4;
export const CLASS_INTER_NETWORK = 5;
export const CLASS_INTERNAL = 6;
export const CLASS_DIRECT_ROUTED = 7;
export const CLASS_HAIRPIN = 8;
export const CLASS_HOST = 9; // sent by the host
export const CLASS_TO_HOST = 10;
export const CLASS_COUNT = 11;

// --- core status ---------------------------------------------------------------------------
export const STATUS_OK = 0;
export const STATUS_BAD_IMAGE = 1;
export const STATUS_NO_MEMORY = 2;
export const STATUS_OWNER_CONFLICT = 3; // NAT moved a connection to another owner: use one worker

// --- image ---------------------------------------------------------------------------------
/** Header: magic, version, bytes, flags (u32 each), then {byte offset, count} per section. */
export const IMAGE_HEADER_WORDS = 4;
export const IMAGE_CONNTRACK = 1; // conntrack (hence defragmentation) is active
export const IMAGE_NFT_V4 = 2; // iptables-save.txt was written by iptables-nft
export const IMAGE_NFT_V6 = 4;
/** Ordered state across connections (limit, nth, recent, …): one worker only. */
export const IMAGE_ORDERED = 8;
export const IMAGE_CONNTRACK_V6 = 16;
/** Connections have counters and labels (connbytes, connlabel). */
export const IMAGE_CONN_EXTRA = 32;
/** Connections have marks and zones, from rules or from the start. */
export const IMAGE_CONN_TAGS = 64;

export const SECTION_SYSCTL = 0; // u32 values, indexed by SYSCTL_*
export const SECTION_IFACE = 1; // Iface records; id = index + 1
export const SECTION_ADDRESS = 2;
export const SECTION_ROUTE = 3;
export const SECTION_POLICY_RULE = 4; // ip rule
export const SECTION_FDB = 5;
export const SECTION_NEIGHBOUR = 6;
export const SECTION_NETWORK = 7; // Docker networks; id = index + 1
export const SECTION_CHAIN = 8;
export const SECTION_RULE = 9;
export const SECTION_BLOB = 10; // bytes: matches and targets, see abi-rules.ts
export const SECTION_SET = 11; // ipsets, see abi-rules.ts
export const SECTION_CONNTRACK = 12; // connections known at the start
export const SECTION_COUNT = 13;

// Record sizes in bytes. The structs themselves are in assembly/image.ts.
export const IFACE_SIZE = 48;
export const ADDRESS_SIZE = 48;
export const ROUTE_SIZE = 80;
export const POLICY_RULE_SIZE = 80;
export const FDB_SIZE = 16;
export const NEIGHBOUR_SIZE = 32;
export const NETWORK_SIZE = 16;
export const CHAIN_SIZE = 32;
export const RULE_SIZE = 32;
export const KNOWN_CONN_SIZE = 128;

// Iface.kind
export const IFACE_OTHER = 0;
export const IFACE_LOOPBACK = 1;
export const IFACE_UPLINK = 2; // any routed interface that is not a bridge
export const IFACE_BRIDGE = 3;
export const IFACE_PORT = 4; // enslaved to a bridge

/** Iface.vlan and FrameRecord.vlan: a VLAN id, with this bit for 802.1ad. */
export const TAG_8021AD = 0x8000;

// Iface.flags
export const IFACE_FORWARDING_V4 = 1;
export const IFACE_FORWARDING_V6 = 2;
export const IFACE_ROUTE_LOCALNET = 4;
export const IFACE_ACCEPT_LOCAL = 8;
export const IFACE_SRC_VALID_MARK = 16;
export const IFACE_HAIRPIN = 32; // bridge port in hairpin mode
export const IFACE_NF_CALL_IPTABLES = 64; // per-bridge nf_call_iptables
export const IFACE_NF_CALL_IP6TABLES = 128;
export const IFACE_UP = 256;
export const IFACE_IPV6 = 512; // disable_ipv6 = 0
export const IFACE_BC_FORWARDING = 1024;
export const IFACE_DROP_UNICAST_IN_L2_MULTICAST = 2048;
/** Captured by its name: the capture has put it into promiscuous mode. */
export const IFACE_IN_CAPTURE = 4096;
export const IFACE_POINT_TO_POINT = 8192; // no link addresses
export const IFACE_PROXY = 16384;

// Address.flags
export const ADDRESS_SECONDARY = 1;
export const ADDRESS_HAS_BROADCAST = 2;
// Address.scope and Route.scope as in rtnetlink.h
export const SCOPE_GLOBAL = 0;
export const SCOPE_SITE = 200;
export const SCOPE_LINK = 253;
export const SCOPE_HOST = 254;
export const SCOPE_NOWHERE = 255;

// Route.type: RTN_* of rtnetlink.h (also what addrtype compares)
export const ROUTE_UNSPEC = 0;
export const ROUTE_UNICAST = 1;
export const ROUTE_LOCAL = 2;
export const ROUTE_BROADCAST = 3;
export const ROUTE_ANYCAST = 4;
export const ROUTE_MULTICAST = 5;
export const ROUTE_BLACKHOLE = 6;
export const ROUTE_UNREACHABLE = 7;
export const ROUTE_PROHIBIT = 8;
export const ROUTE_THROW = 9;
export const ROUTE_TABLE_MAIN = 254;
export const ROUTE_TABLE_DEFAULT = 253;
export const ROUTE_TABLE_LOCAL = 255;

// Network.flags
export const NETWORK_INTERNAL = 1;
export const NETWORK_ICC_OFF = 2;

export const SYSCTL_BRIDGE_CALL_IPTABLES = 0;
export const SYSCTL_BRIDGE_CALL_IP6TABLES = 1;
export const SYSCTL_BRIDGE_FILTER_VLAN = 2;
export const SYSCTL_CT_CHECKSUM = 3;
export const SYSCTL_CT_GENERIC_TIMEOUT = 4; // timeouts in seconds
export const SYSCTL_CT_ICMP_TIMEOUT = 5;
export const SYSCTL_CT_ICMPV6_TIMEOUT = 6;
export const SYSCTL_CT_UDP_TIMEOUT = 7;
export const SYSCTL_CT_UDP_TIMEOUT_STREAM = 8;
export const SYSCTL_CT_GRE_TIMEOUT = 9;
export const SYSCTL_CT_GRE_TIMEOUT_STREAM = 10;
export const SYSCTL_CT_TCP_LOOSE = 11;
export const SYSCTL_CT_TCP_BE_LIBERAL = 12;
export const SYSCTL_CT_TCP_MAX_RETRANS = 13;
export const SYSCTL_CT_TCP_IGNORE_INVALID_RST = 14;
export const SYSCTL_CT_TCP_TIMEOUT_SYN_SENT = 15;
export const SYSCTL_CT_TCP_TIMEOUT_SYN_RECV = 16;
export const SYSCTL_CT_TCP_TIMEOUT_ESTABLISHED = 17;
export const SYSCTL_CT_TCP_TIMEOUT_FIN_WAIT = 18;
export const SYSCTL_CT_TCP_TIMEOUT_CLOSE_WAIT = 19;
export const SYSCTL_CT_TCP_TIMEOUT_LAST_ACK = 20;
export const SYSCTL_CT_TCP_TIMEOUT_TIME_WAIT = 21;
export const SYSCTL_CT_TCP_TIMEOUT_CLOSE = 22;
export const SYSCTL_CT_TCP_TIMEOUT_MAX_RETRANS = 23;
export const SYSCTL_CT_TCP_TIMEOUT_UNACKNOWLEDGED = 24;
export const SYSCTL_CT_SCTP_TIMEOUT_CLOSED = 25;
export const SYSCTL_CT_SCTP_TIMEOUT_COOKIE_WAIT = 26;
export const SYSCTL_CT_SCTP_TIMEOUT_COOKIE_ECHOED = 27;
export const SYSCTL_CT_SCTP_TIMEOUT_ESTABLISHED = 28;
export const SYSCTL_CT_SCTP_TIMEOUT_SHUTDOWN_SENT = 29;
export const SYSCTL_CT_SCTP_TIMEOUT_SHUTDOWN_RECD = 30;
export const SYSCTL_CT_SCTP_TIMEOUT_SHUTDOWN_ACK_SENT = 31;
export const SYSCTL_CT_SCTP_TIMEOUT_HEARTBEAT_SENT = 32;
export const SYSCTL_CT_DCCP_TIMEOUT_REQUEST = 33;
export const SYSCTL_CT_DCCP_TIMEOUT_RESPOND = 34;
export const SYSCTL_CT_DCCP_TIMEOUT_PARTOPEN = 35;
export const SYSCTL_CT_DCCP_TIMEOUT_OPEN = 36;
export const SYSCTL_CT_DCCP_TIMEOUT_CLOSEREQ = 37;
export const SYSCTL_CT_DCCP_TIMEOUT_CLOSING = 38;
export const SYSCTL_CT_DCCP_TIMEOUT_TIMEWAIT = 39;
export const SYSCTL_IPFRAG_TIME = 40;
export const SYSCTL_IP6FRAG_TIME = 41;
export const SYSCTL_DEFAULT_TTL = 42;
export const SYSCTL_CT_MAX = 43;
export const SYSCTL_CT_ACCT = 44;
export const SYSCTL_CT_DCCP_LOOSE = 45;
export const SYSCTL_IP_FORWARD_USE_PMTU = 46;
export const SYSCTL_COUNT = 47;

// Memory: pages of 64 KiB before this one hold static data, those behind are given out in turn.
export const MEMORY_FIRST_PAGE = 16;
/** Address of the u32 number of pages that were given out. */
export const MEMORY_TAKEN_PAGES = 512;

// --- batches: one slot of the ring holds a stretch of the capture and what was decoded of it ----
export const FRAME_RECORD_SIZE = 64;
export const RESULT_RECORD_SIZE = 64;
export const TRAVERSAL_SIZE = 64;
export const SLOT_DATA_BYTES = 256 * 1024;
/** Room before the data for the incomplete record that the previous slot ended with. */
export const SLOT_HEADROOM_BYTES = 1024 * 1024;
/** A pcap record has 16 bytes of header, so no slot can hold more frames than this. */
export const SLOT_MAX_FRAMES = 81920;
/** Reassembled datagrams of one slot. A batch ends early when it is full. */
export const SLOT_REASSEMBLY_BYTES = 1024 * 1024;

// --- statistics of one worker: u64 each, summed over workers -----------------------------------
export const STAT_FRAMES = 0; // frames this worker judged
export const STAT_INJECTED = 1;
export const STAT_OBSERVED = 2;
export const STAT_IGNORED = 3;
export const STAT_OBSERVED_EXACT = 4; // left the host as predicted
export const STAT_OBSERVED_DIFFERENT = 5; // contradicts the prediction: see the difference list
export const STAT_OUTPUT_AMBIGUOUS = 6; // outgoing, belongs to no connection: taken as locally sent
export const STAT_LOCAL_DNAT_AMBIGUOUS = 7; // locally sent, OUTPUT's DNAT may have translated it
export const STAT_PICKED_UP = 8; // connections that began before the capture
export const STAT_UNVERIFIED_CHECKSUM = 9; // snapped: taken as good
export const STAT_CONNECTIONS = 10; // confirmed
export const STAT_CONN_DNAT = 11;
export const STAT_CONN_SNAT = 12;
export const STAT_CONN_LIVE = 13;
export const STAT_CACHE_HITS = 14; // packets that took a cached traversal
export const STAT_NAT_CHOSEN = 15; // a port that the kernel draws at random
export const STAT_NAT_ADOPTED = 16; // of these, seen in the capture and taken over
export const STAT_BYTES = 17; // IP bytes injected
export const STAT_DNAT_UNDONE = 18; // forwarded, seen behind DNAT only: taken as sent to a published port
export const STAT_COUNT = 24;

/** ResultRecord.flags */
export const RESULT_NAT = 1; // natSrc … natDport hold the translated tuple
export const RESULT_NAT_CHOSEN = 2;
export const RESULT_AMBIGUOUS = 4;
export const RESULT_POLICY = 8; // decidedBy is a chain policy
export const RESULT_DIFFERS = 16; // observed, and not as predicted
export const RESULT_CACHED = 32;
export const RESULT_PICKED_UP = 64;
export const RESULT_CT_NONE = 255; // ResultRecord.ctState: the packet never met conntrack

/** Traversal.natFlags */
export const NAT_SRC = 1;
export const NAT_DST = 2;
/** Pseudo network ids of Traversal.srcNetwork and dstNetwork; other ids are SECTION_NETWORK's. */
export const NETWORK_OUTSIDE = 0;
export const NETWORK_HOST = 0xffff;

/** A sighting that contradicts the prediction. 32 bytes, sorted by frame. */
export const DIFFERENCE_SIZE = 32; // u64 frame, u64 injected frame, u32 what, u16 seen on, u16 predicted
export const DIFFERENCE_MAX = 64; // kept per worker: those with the lowest frame numbers
export const DIFFERENCE_DROPPED = 1; // predicted to be dropped, and left the host
export const DIFFERENCE_INTERFACE = 2; // left by another interface
export const DIFFERENCE_ADDRESS = 3; // left with other addresses or ports
