/** Zones: CT --zone, --zone-orig and --zone-reply give look-ups a space of their own. */
import { Packet } from '../packet';
import { CONN_ZONE_ORIGINAL, CONN_ZONE_REPLY, Conn } from './conn';
import { extraOf, hasTags } from './extra';
import { findZoned } from './table';

/** Packet.ctZoneSet: the directions that Packet.ctZone holds for. 0: the default zone. */
export const ZONE_ORIGINAL: u32 = 1;
export const ZONE_REPLY: u32 = 2;
export const ZONE_CHOSEN: u32 = 4; // by a CT target, be it the default zone

/** Zone that the packet's connection has in direction `dir`. */
@inline
export function packetZone(p: Packet, dir: u32): u32 {
  return p.ctZoneSet & (1 << <u8>dir) ? <u32>p.ctZone : 0;
}

/** Gives a new connection the packet's zone (nf_ct_zone_add). */
@inline
export function assignZone(conn: Conn, p: Packet): void {
  if (!(p.ctZoneSet & <u8>(ZONE_ORIGINAL | ZONE_REPLY))) return;
  if (DEBUG) assert(hasTags); // must be, where a rule chooses zones
  extraOf(conn).zone = p.ctZone;
  if (p.ctZoneSet & <u8>ZONE_ORIGINAL) conn.flags |= CONN_ZONE_ORIGINAL;
  if (p.ctZoneSet & <u8>ZONE_REPLY) conn.flags |= CONN_ZONE_REPLY;
}

/** The connection of the tuple in tuple.ts, seen by this packet (resolve_normal_ct). */
@inline
export function findInZone(p: Packet): usize {
  return findZoned(p.family, packetZone(p, 0), packetZone(p, 1), p.tsNanos);
}
