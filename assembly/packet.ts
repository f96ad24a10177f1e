/**
 * The packet: what the wire decoder says of a frame (FrameRecord, one per frame of a slot, shared)
 * and the packet under judgement (Packet, one per worker, changed by targets and NAT on its way).
 *
 * Addresses are 32-bit handles from here on: an IPv4 address in host byte order, or the number
 * under which the worker's address table (address.ts) holds an IPv6 address. Equal handles of one
 * family mean equal addresses, so tuples, NAT and connection lookup are the same code for both.
 */

/** One decoded frame. 64 bytes; valid until its slot is reused. Pointers are into the slot. */
@unmanaged
export class FrameRecord {
  tsNanos: u64; // capture time since the epoch
  l2: u32; // Ethernet header (destination MAC first), or 0
  l3: u32; // IP header, or 0 when there is none
  capLen: u32; // captured bytes from l3, at most ipLen
  frameLen: u32; // original length of the frame
  ipLen: u32; // total length of the IP packet: header and payload
  src: u32; // IPv4 only; IPv6 addresses are read from the header
  dst: u32;
  sport: u16; // TCP, UDP, SCTP, DCCP, UDP-Lite; ICMP echo: the id in both; else 0
  dport: u16;
  l4Off: u16; // transport header, from l3; 0 when there is none (later fragment)
  iface: u16; // 0: not an interface of the host, or not known
  fragOff: u16; // in bytes, 0 for unfragmented and first fragments
  family: u8; // 0 when not IP
  proto: u8; // transport protocol, behind IPv6 extension headers
  ttl: u8;
  tos: u8;
  tcpFlags: u8;
  pktType: u8;
  direction: u8;
  plain: u8; // 1: nothing about it that only the long way knows (wire/plain.ts)
  flags: u16;
  fault: u8;
  icmp: u8; // ICMP type (the code is at l3 + l4Off + 1)
  need: u16; // faults: bytes needed …
  have: u16; // … and bytes there
  vlan: u16; // with FRAME_VLAN: the tag
}

/** The packet under judgement; one instance per worker, filled anew for each packet. */
@unmanaged
export class Packet {
  // -- identity; changed by NAT
  src: u32;
  dst: u32;
  sport: u16;
  dport: u16;
  family: u8;
  proto: u8;
  // -- header fields; changed by TTL, TOS, DSCP and ECN targets and by forwarding
  ttl: u8;
  tos: u8;
  tcpFlags: u8;
  icmpType: u8;
  icmpCode: u8;
  pktType: u8;
  /** Total length now: what byte counters add. Grows when TCPMSS adds an option. */
  ipLen: u32;
  // -- where it is
  in: u16; // interface ids, 0: none
  out: u16;
  physIn: u16; // bridge ports
  physOut: u16;
  hook: u8;
  bridged: u8; // stays within one bridge (physdev-is-bridged)
  // -- header bytes as captured; addresses, ports, TTL … in them are those before any change
  flags: u16; // FRAME_*
  l2: u32; // Ethernet header, or 0
  l3: u32;
  l4: u32; // transport header; 0 for later fragments
  capLen: u32; // captured bytes from l3
  l4Cap: u32; // captured bytes from l4
  l4Len: u32; // bytes from l4 to the end of the packet, captured or not
  fragOff: u16;
  local: u8; // 1: sent by the host itself (checksums unfinished, enters at OUTPUT)
  hotdrop: u8; // set by a match that met a truncated header
  tsNanos: u64;
  // -- netfilter's state
  mark: u32;
  priority: u32; // CLASSIFY
  conn: u32; // the Conn, or 0
  ctState: u8; // CT_*
  ctDir: u8; // DIR_*
  ctZoneSet: u8;
  mssAdded: u8; // TCPMSS appended an option
  ctZone: u16;
  mss: u16; // MSS that a SYN announces after TCPMSS; 0: as captured
  vlan: u16; // with FRAME_VLAN: the tag
  // -- result of evaluating a base chain
  verdictCounter: u32; // counter id of the rule or policy that decided
  verdictIsPolicy: u8;
  rejectWith: u8;
  natKind: u8; // with VERDICT_NAT: TARGET_DNAT, … of abi-rules.ts
  sideEffects: u8; // the walk read or changed ordered state: its result must not be cached
  asksConnection: u8; // the walk asked something that differs between connections of one kind
  natGiven: u8; // GIVEN_* of nat/setup.ts: what a destination target gave the packet
  natArgs: u32; // address of the target's arguments in the image's blob
  frame: u64; // 1-based number in the capture
  stripped0: u64; // TCP options that TCPOPTSTRIP took out: bit n of the four is option n
  stripped1: u64;
  stripped2: u64;
  stripped3: u64;
}
