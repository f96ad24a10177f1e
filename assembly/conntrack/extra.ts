/**
 * What only some rules ask of a connection, behind its Conn and only where there are such rules:
 *
 *     tags      its mark and zone; where connections known at the start have one, too
 *     counters  how much it carried (nf_conntrack_acct.c) and its labels (nf_conntrack_labels.c)
 */
import { IMAGE_CONN_EXTRA, IMAGE_CONN_TAGS } from '../abi';
import { imageFlags } from '../host';
import { CONN_ZONE_ORIGINAL, Conn } from './conn';

@unmanaged
export class ConnExtra {
  mark: u32;
  zone: u16; // which directions it holds for: CONN_ZONE_*
  pad: u16;
  // --- counters
  packets0: u64; // original direction
  bytes0: u64;
  packets1: u64; // reply direction
  bytes1: u64;
  labels0: u64; // bit n: label n
  labels1: u64;
}

/** What extras are a multiple of, so that a connection is never in more lines than it need be. */
const UNIT: usize = 32;

export let hasTags: bool = false;
export let hasCounters: bool = false; // then tags as well
/** Whether the packet at hand counts: conntrack believed it (nf_ct_refresh_acct()). */
let believed: bool = false;

/** Says how many bytes of extras each connection has. */
export function attachExtras(): usize {
  hasCounters = (imageFlags() & IMAGE_CONN_EXTRA) != 0;
  hasTags = hasCounters || (imageFlags() & IMAGE_CONN_TAGS) != 0;
  if (!hasTags) return 0;
  const bytes = hasCounters ? offsetof<ConnExtra>() : offsetof<ConnExtra>('packets0');
  return (bytes + UNIT - 1) & ~(UNIT - 1);
}

@inline
export function extraOf(conn: Conn): ConnExtra {
  return changetype<ConnExtra>(changetype<usize>(conn) + offsetof<Conn>());
}

@inline
export function markOf(conn: Conn): u32 {
  return hasTags ? extraOf(conn).mark : 0;
}

/** The zone that the connection has in one or both directions. */
@inline
export function ownZone(conn: Conn): u16 {
  return hasTags ? extraOf(conn).zone : 0;
}

/** The zone that `conn` is looked up in for packets of direction `dir`. */
@inline
export function zoneOf(conn: Conn, dir: u32): u32 {
  return conn.flags & (CONN_ZONE_ORIGINAL << <u8>dir) ? <u32>ownZone(conn) : 0;
}

@inline
export function disbelieve(): void {
  believed = false;
}

@inline
export function believe(): void {
  believed = true;
}

/** Adds a packet of `bytes` to its connection's counters if it was believed. */
export function account(conn: Conn, dir: u32, bytes: u32): void {
  if (!hasCounters || !believed) return;
  const packets = offsetof<ConnExtra>('packets0') + (<usize>dir << 4);
  const at = changetype<usize>(extraOf(conn)) + packets;
  store<u64>(at, load<u64>(at) + 1);
  store<u64>(at, load<u64>(at, 8) + bytes, 8);
}
