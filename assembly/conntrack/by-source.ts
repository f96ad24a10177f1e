/**
 * Connections by the source of their original tuple, newest first (nf_nat_bysource): a source that
 * is mapped keeps its mapping. The kernel holds every connection there; here it is those whose
 * source is mapped, or will be once the capture shows how. A source is looked for when it is not in
 * the range that it shall be mapped into, and then neither is that of a connection that kept the
 * same one.
 */
import { allocate } from '../memory';
import { CONN_MAPPED, CONN_NAT_CHOSEN, Conn, IPS_NAT_MASK, IPS_SRC_NAT } from './conn';
import { addMapping, Mapping, mappingOf, removeMapping } from './mapping';
import { isIcmp } from './tuple';
import { zoneOf } from './extra';

const FIRST_BUCKETS: u32 = 1 << 12;

let buckets: usize = 0; // u32 newest Mapping, or 0
let bucketMask: u32 = 0;
let linked: u32 = 0;

/** Prepares an empty index. False when memory runs out. */
export function attachBySource(): bool {
  buckets = allocate(<usize>FIRST_BUCKETS * 4);
  bucketMask = FIRST_BUCKETS - 1;
  linked = 0;
  return buckets != 0;
}

@inline
function bucketOf(src: u32, sport: u32, proto: u32, zone: u32): usize {
  let h = (<u64>src | (<u64>(sport | (proto << 16)) << 32)) * 0x9e3779b97f4a7c15;
  h = (h ^ (h >> 32) ^ zone) * 0xd6e8feb86659fd93;
  return buckets + (<usize>(<u32>(h >> 32) & bucketMask) << 2);
}

@inline
function bucketOfConn(conn: Conn): usize {
  return bucketOf(conn.origSrc, conn.origSport, conn.proto, zoneOf(conn, 0));
}

function push(mapping: Mapping): void {
  const bucket = bucketOfConn(changetype<Conn>(mapping.conn));
  const head = load<u32>(bucket);
  mapping.older = head;
  mapping.newer = 0;
  if (head != 0) changetype<Mapping>(head).newer = <u32>changetype<usize>(mapping);
  store<u32>(bucket, <u32>changetype<usize>(mapping));
}

function grow(): void {
  const size = bucketMask + 1;
  const bigger = allocate(<usize>size * 8);
  if (bigger == 0) return; // chains get longer
  const old = buckets;
  buckets = bigger;
  bucketMask = size * 2 - 1;
  for (let i: u32 = 0; i < size; i++) {
    // From the oldest on, so that the newest is first again.
    let at = load<u32>(old + (<usize>i << 2));
    while (at != 0 && changetype<Mapping>(at).older != 0) at = changetype<Mapping>(at).older;
    while (at != 0) {
      const newer = changetype<Mapping>(at).newer;
      push(changetype<Mapping>(at));
      at = newer;
    }
  }
}

/** Whether the connection's packets may leave with another source port, id or address. */
function isMapped(conn: Conn): bool {
  if (conn.flags & CONN_NAT_CHOSEN) return true;
  // both ends of an echo have its id
  return (conn.status & (isIcmp(conn.proto) ? IPS_NAT_MASK : IPS_SRC_NAT)) != 0;
}

/** Enters a connection whose source mapping has been decided. False: out of memory. */
export function linkSource(conn: Conn): bool {
  return !isMapped(conn) || mappingFor(conn) != 0;
}

/**
 * The connection's Mapping, entered here if it had none; 0: out of memory. Until it is decided its
 * source is the one it has, and nobody looks for that.
 */
export function mappingFor(conn: Conn): usize {
  if (conn.flags & CONN_MAPPED) return mappingOf(conn);
  if (linked > bucketMask) grow();
  const at = addMapping(conn);
  if (at == 0) return 0;
  push(changetype<Mapping>(at));
  linked++;
  return at;
}

export function unlinkSource(conn: Conn): void {
  if (!(conn.flags & CONN_MAPPED)) return;
  const mapping = changetype<Mapping>(mappingOf(conn));
  if (mapping.newer != 0) changetype<Mapping>(mapping.newer).older = mapping.older;
  else store<u32>(bucketOfConn(conn), mapping.older);
  if (mapping.older != 0) changetype<Mapping>(mapping.older).newer = mapping.newer;
  removeMapping(conn);
  linked--;
}

/** The newest connection with this original source, or 0. Some may be dead already. */
export function firstOfSource(family: u32, proto: u32, src: u32, sport: u32, zone: u32): usize {
  return matching(load<u32>(bucketOf(src, sport, proto, zone)), family, proto, src, sport, zone);
}

/** The next older connection with the same original source as `conn`, or 0. */
export function nextOfSource(conn: Conn): usize {
  const c = conn;
  const older = changetype<Mapping>(mappingOf(c)).older;
  return matching(older, c.family, c.proto, c.origSrc, c.origSport, zoneOf(c, 0));
}

function matching(
  from: u32,
  family: u32,
  proto: u32,
  src: u32,
  sport: u32,
  zone: u32,
): usize {
  for (let at = from; at != 0; ) {
    const mapping = changetype<Mapping>(at);
    const c = changetype<Conn>(mapping.conn);
    if (
      c.origSrc == src &&
      c.origSport == <u16>sport &&
      c.proto == <u8>proto &&
      c.family == <u8>family &&
      zoneOf(c, 0) == zone
    ) {
      return changetype<usize>(c);
    }
    at = mapping.older;
  }
  return 0;
}
