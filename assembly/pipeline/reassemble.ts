/**
 * Reassembly of fragments for the host itself: ip_local_deliver() (net/ipv4/ip_input.c), between
 * routing and INPUT. It has something to do where connection tracking, which puts datagrams
 * together before PREROUTING, is not in use. IPv6 reassembles behind INPUT, which no rule sees.
 */
import { FRAME_FRAGMENT, FRAME_REASSEMBLED, FRAME_SNAPPED } from '../abi';
import { allocate } from '../memory';
import { FrameRecord, Packet } from '../packet';
import { outcome } from './outcome';
import { CHECKSUM_SLACK } from '../wire/checksum';
import { FRAGMENT_DROPPED, FRAGMENT_LAST, FRAGMENT_QUEUED, MAX_DATAGRAM } from '../wire/datagram';
import { addV4, assembleV4, lengthV4, queueV4 } from '../wire/defrag-v4';
import { Defrag, newDefrag } from '../wire/frag-memory';
import { expireQueues, takeFailures } from '../wire/frag-queue';
import { IPV4_TOS, IPV4_TTL } from '../wire/ipv4';
import { transport } from '../wire/transport';

const USER_LOCAL: u32 = 5; // other users have queues of their own

let queues = changetype<Defrag>(0); // this worker's: all fragments of a datagram have one owner
let whole: usize = 0; // the last datagram put together
let record = changetype<FrameRecord>(0); // what its transport header says

/** False when memory runs out. */
export function attachReassembly(): bool {
  queues = changetype<Defrag>(newDefrag());
  record = changetype<FrameRecord>(allocate(offsetof<FrameRecord>()));
  whole = 0;
  return changetype<usize>(queues) != 0 && changetype<usize>(record) != 0;
}

/** Makes the fragment its datagram, if it completes it. FRAGMENT_QUEUED, _DROPPED or _LAST. */
export function reassemble(p: Packet): u32 {
  const d = queues;
  if (whole == 0) whole = allocate(MAX_DATAGRAM + CHECKSUM_SLACK);
  if (whole == 0) return FRAGMENT_DROPPED;
  expireQueues(d, p.tsNanos);
  const became = addV4(d, <usize>p.l3, p.ipLen, p.capLen, USER_LOCAL, 0, 0, p.tsNanos);
  if (became == FRAGMENT_DROPPED) takeFailures();
  // the datagram carries what its first fragment was marked with
  if (became != FRAGMENT_DROPPED && p.fragOff == 0) queueV4.mark = p.mark;
  if (became != FRAGMENT_LAST) return became == FRAGMENT_QUEUED ? became : FRAGMENT_DROPPED;
  const q = queueV4;
  const total = lengthV4(d, q);
  if (total == 0) return FRAGMENT_DROPPED;
  p.mark = q.mark;
  become(p, total, assembleV4(d, q, whole));
  return FRAGMENT_LAST;
}

function become(p: Packet, total: u32, captured: u32): void {
  const header = <u32>(load<u8>(whole) & 15) << 2;
  p.l3 = <u32>whole;
  p.ipLen = total;
  p.capLen = captured;
  p.fragOff = 0;
  p.tos = load<u8>(whole, IPV4_TOS);
  p.ttl = load<u8>(whole, IPV4_TTL);
  let flags = <u32>p.flags & ~(FRAME_FRAGMENT | FRAME_SNAPPED);
  flags |= FRAME_REASSEMBLED;
  if (captured < total) flags |= FRAME_SNAPPED;
  p.flags = <u16>flags;
  p.l4 = p.l3 + header;
  p.l4Len = total - header;
  p.l4Cap = captured > header ? captured - header : 0;
  memory.fill(changetype<usize>(record), 0, offsetof<FrameRecord>());
  transport(record, p.proto, p.l4, p.l4Cap);
  p.sport = record.sport;
  p.dport = record.dport;
  p.tcpFlags = record.tcpFlags;
  p.icmpType = record.icmp;
  p.icmpCode = p.l4Cap >= 2 ? load<u8>(p.l4, 1) : 0;
  // its ports are those that it came with: a later fragment shows none
  outcome.sport = p.sport;
  outcome.dport = p.dport;
}
