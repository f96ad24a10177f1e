/**
 * What only some rules ask of a connection, behind its Conn and only where there are such rules:
 * how much it carried (nf_conntrack_acct.c) and its labels (nf_conntrack_labels.c).
 */
import { IMAGE_CONN_EXTRA } from '../abi';
import { imageFlags } from '../host';
import { Conn } from './conn';

@unmanaged
export class ConnExtra {
  packets0: u64; // original direction
  bytes0: u64;
  packets1: u64; // reply direction
  bytes1: u64;
  labels0: u64; // bit n: label n
  labels1: u64;
}

export let hasExtras: bool = false;
/** Whether the packet at hand counts: conntrack believed it (nf_ct_refresh_acct()). */
let believed: bool = false;

/** Says how many bytes of extras each connection has. */
export function attachExtras(): usize {
  hasExtras = (imageFlags() & IMAGE_CONN_EXTRA) != 0;
  return hasExtras ? offsetof<ConnExtra>() : 0;
}

@inline
export function extraOf(conn: Conn): ConnExtra {
  return changetype<ConnExtra>(changetype<usize>(conn) + offsetof<Conn>());
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
  if (!hasExtras || !believed) return;
  const at = changetype<usize>(extraOf(conn)) + (<usize>dir << 4);
  store<u64>(at, load<u64>(at) + 1);
  store<u64>(at, load<u64>(at, 8) + bytes, 8);
}
