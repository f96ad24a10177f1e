/**
 * By which interfaces packets may come in that are judged straight from their frame record: not by
 * those where a bridge or the host itself has a say.
 */
import { IFACE_BRIDGE, IFACE_LOOPBACK } from '../abi';
import { hasCounters } from '../conntrack/extra';
import { ifaceAt, ifaceCount } from '../host';
import { allocate } from '../memory';
import { isSeenBelow } from '../wire/index';

const CLOSED: u8 = 0;
const OPEN: u8 = 1;
/** As long as no frame came in below: it may be one that was seen there before. */
const UPPERMOST: u8 = 2;

let entrances: usize = 0; // u8 per interface

/** False when memory runs out. */
export function attachEntrances(): bool {
  entrances = allocate(<usize>ifaceCount() + 1);
  if (entrances == 0) return false;
  if (hasCounters) return true; // every packet is counted, and that the long way does
  for (let id: u32 = 1; id <= ifaceCount(); id++) {
    const iface = ifaceAt(id);
    if (iface.kind == IFACE_LOOPBACK || iface.master != 0) continue; // CLOSED
    const hasBelow = iface.kind == IFACE_BRIDGE || iface.lower != 0;
    store<u8>(entrances + id, hasBelow ? UPPERMOST : OPEN);
  }
  return true;
}

/** Whether packets ever may come in by an interface and go express. */
@inline
export function isEntrance(iface: u32): bool {
  return load<u8>(entrances + iface) != CLOSED;
}

/** Whether it matters for that what came in below the interface. */
@inline
export function asksBelow(iface: u32): bool {
  return load<u8>(entrances + iface) == UPPERMOST;
}

/** Whether frame number `frame`, which came in by `iface`, may go express. */
@inline
export function isEntranceOpen(iface: u32, frame: u64): bool {
  const entrance = load<u8>(entrances + iface);
  return entrance == OPEN || (entrance != CLOSED && !isSeenBelow(iface, frame));
}
