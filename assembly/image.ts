/**
 * The image: one host's rules and configuration as the embedder lowered them, read-only, shared by
 * all workers. Record layouts; sizes are checked against abi.ts when an image is attached.
 */

/** A network interface. Its id is its index in the section plus one; 0 is "none". 48 bytes. */
@unmanaged
export class Iface {
  ifindex: u32; // the kernel's; 0 for interfaces known from rules only
  kind: u16;
  master: u16; // id of the bridge that a port belongs to, or 0
  flags: u32;
  network: u16; // id of the Docker network whose bridge this is, or 0
  rpFilter: u16; // max(all, this)
  mac0: u8; // zero for interfaces without link addresses
  mac1: u8;
  mac2: u8;
  mac3: u8;
  mac4: u8;
  mac5: u8;
  firstAddress: u16; // index into the address section; an interface's addresses are consecutive
  addressCount: u16;
  mtu: u32;
  lower: u16; // VLAN devices: id of the interface below, else 0 …
  vlan: u16; // … and the tag of its frames there
  reserved0: u32;
  reserved1: u64;
}

/** An address of the host. 48 bytes. */
@unmanaged
export class Address {
  iface: u16;
  family: u8;
  prefixLen: u8;
  scope: u8;
  flags: u8;
  reserved0: u16;
  reserved1: u64;
  // then 16 bytes address and 16 bytes broadcast, see ADDRESS_LOCAL and ADDRESS_BROADCAST
}
export const ADDRESS_LOCAL: usize = 16;
export const ADDRESS_BROADCAST_OFFSET: usize = 32;

/** A route. 80 bytes: this head, then destination, gateway and preferred source (16 each). */
@unmanaged
export class Route {
  table: u32;
  metric: u32;
  iface: u16;
  family: u8;
  prefixLen: u8;
  type: u8;
  scope: u8;
  hasGateway: u8;
  hasPrefSrc: u8;
  reserved0: u64;
  reserved1: u64;
}
export const ROUTE_DST: usize = 32;
export const ROUTE_GATEWAY: usize = 48;
export const ROUTE_PREFSRC: usize = 64;

/** An `ip rule`. 80 bytes: this head, then source and destination prefix (16 each). */
@unmanaged
export class PolicyRule {
  priority: u32;
  table: u32;
  fwmark: u32;
  fwmask: u32;
  iif: u16; // 0: any
  oif: u16;
  family: u8;
  action: u8; // a route type: UNICAST looks the table up, the rest end the search
  srcLen: u8;
  dstLen: u8;
  invert: u8;
  ipProto: u8; // 0: any
  tos: u8;
  hasSuppress: u8;
  suppressPrefixLen: u32;
  sportMin: u16;
  sportMax: u16; // 0-0: any
  dportMin: u16;
  dportMax: u16;
  reserved0: u64;
}
export const POLICY_RULE_SRC: usize = 48;
export const POLICY_RULE_DST: usize = 64;

/** A static entry of a bridge's forwarding database. 16 bytes. */
@unmanaged
export class FdbEntry {
  bridge: u16;
  port: u16; // the bridge itself for its own address
  mac0: u8;
  mac1: u8;
  mac2: u8;
  mac3: u8;
  mac4: u8;
  mac5: u8;
  permanent: u8; // not moved by learning
  reserved0: u8;
  reserved1: u16;
}

/** A neighbour: an address and its link address. 32 bytes: this head, then the address (16). */
@unmanaged
export class Neighbour {
  iface: u16;
  family: u8;
  reserved0: u8;
  mac0: u8;
  mac1: u8;
  mac2: u8;
  mac3: u8;
  mac4: u8;
  mac5: u8;
  reserved1: u16;
  reserved2: u32;
}
export const NEIGHBOUR_ADDRESS: usize = 16;

/** A Docker network. Its id is its index plus one. 16 bytes. */
@unmanaged
export class Network {
  iface: u16; // its bridge, or 0
  flags: u16;
  reserved0: u32;
  reserved1: u64;
}

/** A chain. 32 bytes. */
@unmanaged
export class Chain {
  family: u8;
  table: u8;
  hook: u8; // HOOK_COUNT for a user chain
  policy: u8; // VERDICT_ACCEPT or VERDICT_DROP; VERDICT_NONE for a user chain
  firstRule: u32; // index into the rule section: a chain's rules are consecutive
  ruleCount: u32;
  policyCounter: u32; // counter id of the policy (base chains): ruleCount of the image + chain
  policyCounts: u8; // 0: this base chain never counts its policy
  reserved0: u8;
  reserved1: u16;
  reserved2: u32;
  reserved3: u64;
}

/** A rule. 32 bytes. Its counter id is its index in the section. */
@unmanaged
export class Rule {
  chain: u32;
  number: u32; // 1-based in its chain
  matches: u32; // byte offset into the blob: matches in order, see abi-rules.ts
  matchCount: u16;
  flags: u16;
  target: u32; // byte offset into the blob
  reserved0: u32;
  reserved1: u64;
}

/**
 * A connection known at the start. 128 bytes: this head, then source and destination as packets of
 * the original direction show them and as those of the reply do (16 each).
 */
@unmanaged
export class KnownConn {
  status: u32; // IPS_*: CONFIRMED, both NAT_DONE, SEEN_REPLY, ASSURED, SRC_NAT, DST_NAT
  mark: u32;
  timeout: u32; // seconds left
  zone: u16;
  proto: u8;
  family: u8;
  state: u8; // TCP, SCTP or DCCP state of the kernel's numbering
  zoneDirections: u8; // bit 0: the zone holds for the original direction, bit 1: for the reply
  reserved1: u16;
  origSport: u16; // ICMP: the id in sport, type << 8 | code in dport; GRE: the keys
  origDport: u16;
  replSport: u16;
  replDport: u16;
  reserved2: u32;
  origPackets: u64; // accounting, where it was on
  origBytes: u64;
  replPackets: u64;
  replBytes: u64;
}
export const KNOWN_CONN_ORIG_SRC: usize = 64;
export const KNOWN_CONN_ORIG_DST: usize = 80;
export const KNOWN_CONN_REPL_SRC: usize = 96;
export const KNOWN_CONN_REPL_DST: usize = 112;
