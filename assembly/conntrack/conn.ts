/**
 * A connection, as struct nf_conn. 128 bytes, two cache lines: what every packet needs comes first.
 *
 *     0 ┌ original tuple ┬ reply tuple ┬ proto family zone ┬ status ┬ mark ┬ expires ┬ cache ┐
 *    64 ├ TCP: per direction end, maxEnd, maxWin, maxAck, scale, flags ┬ last segment seen    ┤
 *   128 └──────────────────────────────────────────────────────────────┴──────────────────────┘
 */
@unmanaged
export class Conn {
  // Tuples; a tuple's source and destination as seen in packets of that direction. For ICMP echo
  // sport is the id and dport type << 8 | code; for protocols without ports both are 0.
  origSrc: u32;
  origDst: u32;
  origSport: u16;
  origDport: u16;
  replSrc: u32;
  replDst: u32;
  replSport: u16;
  replDport: u16;
  proto: u8;
  family: u8;
  zone: u16;
  status: u32; // IPS_*
  mark: u32;
  state: u8; // TCP, SCTP, DCCP state of the kernel's numbering
  nextFree: u8;
  natDone: u8; // bit 0: source mapping decided, bit 1: destination (IPS_*_NAT_DONE)
  helper: u8;
  expires: u64; // nanoseconds of capture time
  // Cached traversal per direction: valid while its key equals the packet's. 0: none.
  cacheKey0: u32;
  cacheKey1: u32;
  cacheTraversal0: u32;
  cacheTraversal1: u32;
  // --- 64
  start: u32; // seconds since the first frame
  // ip_ct_tcp_state, original then reply
  tdEnd0: u32;
  tdMaxEnd0: u32;
  tdMaxWin0: u32;
  tdMaxAck0: u32;
  tdEnd1: u32;
  tdMaxEnd1: u32;
  tdMaxWin1: u32;
  tdMaxAck1: u32;
  tdScale0: u8;
  tdFlags0: u8;
  tdScale1: u8;
  tdFlags1: u8;
  lastSeq: u32;
  lastAck: u32;
  lastEnd: u32; // also: UDP stream timestamp (ms since the first frame)
  lastWin: u16;
  lastDir: u8;
  retrans: u8;
  nextOrig: u32; // hash chains: the next Conn in the bucket of each tuple
  nextRepl: u32;
}

// enum ip_conntrack_status
export const IPS_EXPECTED: u32 = 1;
export const IPS_SEEN_REPLY: u32 = 1 << 1;
export const IPS_ASSURED: u32 = 1 << 2;
export const IPS_CONFIRMED: u32 = 1 << 3;
export const IPS_SRC_NAT: u32 = 1 << 4;
export const IPS_DST_NAT: u32 = 1 << 5;
export const IPS_SEQ_ADJUST: u32 = 1 << 6;
export const IPS_SRC_NAT_DONE: u32 = 1 << 7;
export const IPS_DST_NAT_DONE: u32 = 1 << 8;
export const IPS_DYING: u32 = 1 << 9;
export const IPS_FIXED_TIMEOUT: u32 = 1 << 10;
