/**
 * Ways: a traversal, and the key of the packets that may repeat it (table/volatile-key.ts). They are
 * interned, so that all connections whose packets go the same way share one, and remember no more of
 * it than its address. What else a packet must be like to go express (../express.ts) is worked out
 * once for each.
 */
import { PATH_FORWARD } from '../abi';
import { ifaceAt } from '../host';
import { reserve } from '../lookup/arena';
import { allocate } from '../memory';
import { Traversal } from '../slot';
import { asksBelow, isEntrance } from './entrance';
import { TOWARDS_ROUTED } from './outcome';

const FIRST_SLOTS: u32 = 1 << 10;
const MAX_WAYS: u32 = 1 << 20; // what packets have that rules tell apart may be anything

@unmanaged
export class Way {
  key: u32; // never 0
  traversal: u32; // Traversal
  // of packets that go express
  in: u16; // where they come in; 0: none does
  leastTtl: u8;
  asksBelow: u8; // 1: as long as nothing came in below that interface
  largest: u32; // IP packet
}

let slots: usize = 0; // u32 Way, or 0; open addressing, half full at most
let slotMask: u32 = 0;
let count: u32 = 0;

/** False when memory runs out. */
export function attachWays(): bool {
  slots = allocate(<usize>FIRST_SLOTS * 4);
  slotMask = FIRST_SLOTS - 1;
  count = 0;
  return slots != 0;
}

/** The Way of `key` and `traversal`; 0: there are too many, or no memory. */
export function wayOf(key: u32, traversal: u32): u32 {
  const slot = slotOf(key, traversal);
  const known = load<u32>(slot);
  if (known != 0 || count == MAX_WAYS) return known;
  if (count > slotMask >> 1) {
    return grow() ? wayOf(key, traversal) : 0;
  }
  const at = reserve(offsetof<Way>());
  if (at == 0) return 0;
  const way = changetype<Way>(at);
  way.key = key;
  way.traversal = traversal;
  describe(way, changetype<Traversal>(<usize>traversal));
  store<u32>(slot, <u32>at);
  count++;
  return <u32>at;
}

/** Says which packets may go this way express. */
function describe(way: Way, t: Traversal): void {
  const isExpress = t.physIn == 0 && t.flags == TOWARDS_ROUTED && isEntrance(t.in);
  way.in = isExpress ? t.in : 0;
  way.asksBelow = asksBelow(t.in) ? 1 : 0;
  way.leastTtl = 0;
  way.largest = u32.MAX_VALUE;
  if (t.path != PATH_FORWARD) return;
  way.leastTtl = 2;
  const mtu = ifaceAt(t.out).mtu;
  if (mtu != 0) way.largest = mtu;
}

/** The slot that holds the Way, or a free one. */
function slotOf(key: u32, traversal: u32): usize {
  const h = (<u64>key | (<u64>traversal << 32)) * 0x9e3779b97f4a7c15;
  let i = <u32>(h >> 32);
  while (true) {
    const slot = slots + (<usize>(i & slotMask) << 2);
    const way = changetype<Way>(<usize>load<u32>(slot));
    if (changetype<usize>(way) == 0) return slot;
    if (way.key == key && way.traversal == traversal) return slot;
    i++;
  }
}

function grow(): bool {
  const size = slotMask + 1;
  const bigger = allocate(<usize>size * 8);
  if (bigger == 0) return false;
  const old = slots;
  slots = bigger;
  slotMask = size * 2 - 1;
  for (let i: u32 = 0; i < size; i++) {
    const at = load<u32>(old + (<usize>i << 2));
    if (at == 0) continue;
    const way = changetype<Way>(<usize>at);
    store<u32>(slotOf(way.key, way.traversal), at);
  }
  return true;
}
