/** What the tests of connection tracking and NAT drive; compiled by harness.ts. */
import { CT_NEW, CT_RELATED, FAMILY_V4, FAMILY_V6, VERDICT_ACCEPT } from '../../assembly/abi';
import { internV6, writeAddress } from '../../assembly/address';
import { CONN_NAT_CHOSEN, CONN_PICKED_UP, Conn, IPS_CONFIRMED } from '../../assembly/conntrack/conn';
import { attachConntrack, findReplied, foundDir, release } from '../../assembly/conntrack/index';
import { confirm, trackPacket } from '../../assembly/conntrack/index';
import { attachHost } from '../../assembly/host';
import { allocate } from '../../assembly/memory';
import { attachNat, natInitialized, nullBinding } from '../../assembly/nat/index';
import { setupTarget, translate } from '../../assembly/nat/index';
import { Packet } from '../../assembly/packet';
import { attachFib } from '../../assembly/route/fib';

export { connDump, preloadConnections } from '../../assembly/conntrack/index';
export { tableFull } from '../../assembly/conntrack/index';
export { allocate } from '../../assembly/memory';

let p: Packet = changetype<Packet>(0);

export function attach(image: usize): bool {
  if (changetype<usize>(p) == 0) p = changetype<Packet>(allocate(offsetof<Packet>()));
  return attachHost(image) && attachFib() && attachConntrack() && attachNat();
}

export function connSize(): u32 {
  return offsetof<Conn>();
}

/** Makes the IP packet at `l3` (`have` of `total` bytes captured) the packet at hand. */
export function arrive(l3: usize, have: u32, total: u32, tsNanos: u64, local: u32): void {
  memory.fill(changetype<usize>(p), 0, offsetof<Packet>());
  const v4 = load<u8>(l3) >> 4 == 4;
  let header: u32 = 40;
  p.family = <u8>(v4 ? FAMILY_V4 : FAMILY_V6);
  if (v4) {
    header = <u32>(load<u8>(l3) & 15) * 4;
    p.src = bswap<u32>(load<u32>(l3, 12));
    p.dst = bswap<u32>(load<u32>(l3, 16));
    p.proto = load<u8>(l3, 9);
  } else {
    p.src = internV6(l3 + 8);
    p.dst = internV6(l3 + 24);
    p.proto = load<u8>(l3, 6);
  }
  const l4 = l3 + header;
  const icmp = p.proto == 1 || p.proto == 58;
  if (icmp) {
    p.icmpType = load<u8>(l4);
    p.sport = bswap<u16>(load<u16>(l4, 4));
    p.dport = p.sport;
  } else if (total >= header + 4) {
    p.sport = bswap<u16>(load<u16>(l4));
    p.dport = bswap<u16>(load<u16>(l4, 2));
  }
  p.ipLen = total;
  p.l3 = <u32>l3;
  p.l4 = <u32>l4;
  p.capLen = have;
  p.l4Cap = have - header;
  p.l4Len = total - header;
  p.local = <u8>local;
  p.tsNanos = tsNanos;
}

export function setZone(zone: u32, dirs: u32): void {
  p.ctZone = <u16>zone;
  p.ctZoneSet = <u8>dirs;
}

export function track(): u32 {
  return trackPacket(p);
}

/** A nat hook: manip 0 source, 1 destination; target 0 for none. */
export function nat(manip: u32, hook: u32, target: u32, args: usize, iface: u32): u32 {
  if (p.conn == 0) return VERDICT_ACCEPT;
  p.hook = <u8>hook;
  p.in = <u16>(manip != 0 ? iface : 0);
  p.out = <u16>(manip == 0 ? iface : 0);
  p.natKind = <u8>target;
  p.natArgs = <u32>args;
  const error = p.ctState == CT_RELATED && (p.proto == 1 || p.proto == 58);
  if (!error && p.ctState == CT_NEW && !natInitialized(p, manip)) {
    let verdict: u32 = VERDICT_ACCEPT;
    if (target != 0) verdict = setupTarget(p, manip);
    if (verdict != VERDICT_ACCEPT) return verdict;
    if (!natInitialized(p, manip)) verdict = nullBinding(p, manip);
    if (verdict != VERDICT_ACCEPT) return verdict;
  }
  return translate(p, manip);
}

let confirmed: u32 = 0;
let pickedUp: u32 = 0;
let chosen: u32 = 0;

export function connectionsConfirmed(): u32 {
  return confirmed;
}

export function connectionsPickedUp(): u32 {
  return pickedUp;
}

/** Confirmed connections whose mapping holds a choice of the kernel's. */
export function natChosen(): u32 {
  return chosen;
}

export function finish(): u32 {
  const conn = changetype<Conn>(p.conn);
  const begins = p.conn != 0 && !(conn.status & IPS_CONFIRMED);
  const verdict = confirm(p);
  if (begins && verdict == VERDICT_ACCEPT) {
    confirmed++;
    if (conn.flags & CONN_PICKED_UP) pickedUp++;
    if (conn.flags & CONN_NAT_CHOSEN) chosen++;
  }
  if (verdict != VERDICT_ACCEPT) release(p);
  return verdict;
}

export function drop(): void {
  release(p);
}

export function replied(): i32 {
  return findReplied(p) == 0 ? -1 : foundDir();
}

export function state(): u32 {
  return p.ctState;
}

export function direction(): u32 {
  return p.ctDir;
}

export function conn(): usize {
  return p.conn;
}

export function connState(): u32 {
  return changetype<Conn>(p.conn).state;
}

export function connStatus(): u32 {
  return changetype<Conn>(p.conn).status;
}

export function connExpires(): u64 {
  return changetype<Conn>(p.conn).expires;
}

/** Writes the packet's addresses (16 bytes each) and ports as they are now. */
export function describe(out: usize): void {
  writeAddress(p.family, p.src, out);
  writeAddress(p.family, p.dst, out + 16);
  store<u16>(out, p.sport, 32);
  store<u16>(out, p.dport, 34);
}
