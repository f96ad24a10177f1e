/**
 * TARGET_HMARK (xt_HMARK.c): the mark becomes a hash of the packet's or its connection's addresses
 * and ports, the same for both directions.
 */
import { FAMILY_V4 } from '../abi';
import { HMARK_CT } from '../abi-rules';
import { v6Bytes } from '../address';
import { Conn } from '../conntrack/conn';
import { jhashWords, scaled } from '../lookup/jhash';
import { Packet } from '../packet';
import { byteAt, wordAt } from './bytes';
import { HEADER_AUTH, HEADER_FRAGMENT, headerLength, isExtension } from './ipv6';

const SRC_MASK: usize = 16; // offsets in the arguments
const DST_MASK: usize = 32;
const PORT_MASK: usize = 48;
const PORT_SET: usize = 52;
const PROTO_MASK: usize = 56;

const ICMP: u32 = 1;
const ICMPV6: u32 = 58;
const V4_HEADER: u32 = 20;
const V6_HEADER: u32 = 40;
const ICMP_HEADER: u32 = 8;
const MORE_OR_OFFSET: u32 = 0x3fff;

// struct hmark_tuple
let src: u32 = 0;
let dst: u32 = 0;
let ports: u32 = 0;
let proto: u32 = 0;

export function applyHmark(p: Packet, args: usize): void {
  src = 0;
  dst = 0;
  ports = 0;
  proto = 0;
  let known: bool;
  if (load<u32>(args, 12) & HMARK_CT) known = fromConnection(p, args);
  else known = p.family == FAMILY_V4 ? fromV4(p, args) : fromV6(p, args);
  if (!known) return;
  const low = min<u32>(src, dst);
  const hash = jhashWords(low, max<u32>(src, dst), ports, 3, load<u32>(args, 8));
  const whole = hash ^ (proto & load<u32>(args, PROTO_MASK));
  p.mark = scaled(whole, load<u32>(args)) + load<u32>(args, 4);
}

/** An IPv4 address, or the words of an IPv6 one XORed, under a mask. */
function masked(family: u32, handle: u32, mask: usize): u32 {
  if (family == FAMILY_V4) return handle & load<u32>(mask);
  const at = v6Bytes(handle);
  let sum: u32 = 0;
  for (let i: usize = 0; i < 16; i += 4) sum ^= bswap<u32>(load<u32>(at + i)) & load<u32>(mask + i);
  return sum;
}

/** Both ports with the larger one first (hmark_swap_ports). */
function setPorts(both: u32, args: usize): void {
  const set = (both & load<u32>(args, PORT_MASK)) | load<u32>(args, PORT_SET);
  ports = set >> 16 < (set & 0xffff) ? rotl<u32>(set, 16) : set;
}

function fromConnection(p: Packet, args: usize): bool {
  if (p.conn == 0) return false;
  const conn = changetype<Conn>(<usize>p.conn);
  src = masked(conn.family, conn.origSrc, args + SRC_MASK);
  dst = masked(conn.family, conn.replSrc, args + DST_MASK);
  proto = conn.proto;
  if (proto != ICMP) setPorts((<u32>conn.origSport << 16) | conn.replSport, args);
  return true;
}

/** Ports, or the SPI, of a transport header (proto_ports_offset()). */
function readPorts(p: Packet, at: u32, args: usize): void {
  if (proto == HEADER_AUTH) at += 4;
  else if (
    proto != 6 && proto != 17 && proto != 33 && proto != 50 && proto != 132 && proto != 136
  ) {
    return;
  }
  if (at + 4 <= p.ipLen) setPorts(wordAt(p, at), args);
}

function isIcmpError(type: u32): bool {
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/** ICMP errors count as what they quote. False: they quote too little. */
function fromV4(p: Packet, args: usize): bool {
  let at: u32 = 0;
  let header = (byteAt(p, 0) & 15) * 4;
  if (byteAt(p, 9) == ICMP && header + ICMP_HEADER <= p.ipLen && isIcmpError(byteAt(p, header))) {
    at = header + ICMP_HEADER;
    if (at + V4_HEADER > p.ipLen) return false;
    header = (byteAt(p, at) & 15) * 4;
  }
  src = wordAt(p, at + 12) & load<u32>(args, SRC_MASK);
  dst = wordAt(p, at + 16) & load<u32>(args, DST_MASK);
  proto = byteAt(p, at + 9);
  const fragment = ((byteAt(p, at + 6) << 8) | byteAt(p, at + 7)) & MORE_OR_OFFSET;
  if (proto != ICMP && fragment == 0) readPorts(p, at + header, args);
  return true;
}

let transport: u32 = 0; // where the headers of walkV6() end
let isFragment: bool = false;

/** What the headers of the IPv6 packet at `base` end with, or its authentication; negative: cut. */
function walkV6(p: Packet, base: u32): i32 {
  let next = byteAt(p, base + 6);
  let at = base + V6_HEADER;
  isFragment = false;
  while (isExtension(next) && next != HEADER_AUTH) {
    if (at + 4 > p.ipLen) return -1;
    if (next == HEADER_FRAGMENT) {
      isFragment = true;
      if (((byteAt(p, at + 2) << 8) | byteAt(p, at + 3)) >= 8) {
        const behind = byteAt(p, at);
        return isExtension(behind) ? -1 : <i32>behind;
      }
    }
    const size = headerLength(p, next, at);
    next = byteAt(p, at);
    at += size;
  }
  transport = at;
  return next;
}

function fromV6(p: Packet, args: usize): bool {
  let base: u32 = 0;
  let last = walkV6(p, 0);
  if (last < 0) return true;
  if (last == ICMPV6 && !isFragment && transport + ICMP_HEADER <= p.ipLen) {
    const type = byteAt(p, transport);
    if (type != 0 && type < 128) {
      base = transport + ICMP_HEADER;
      if (base + V6_HEADER > p.ipLen) return false;
      last = walkV6(p, base);
      if (last < 0) return false;
    }
  }
  for (let i: u32 = 0; i < 16; i += 4) {
    src ^= wordAt(p, base + 8 + i) & load<u32>(args + SRC_MASK + i);
    dst ^= wordAt(p, base + 24 + i) & load<u32>(args + DST_MASK + i);
  }
  proto = <u32>last;
  if (proto != ICMPV6 && !isFragment) readPorts(p, transport, args);
  return true;
}
