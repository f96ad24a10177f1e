/** Timeouts of the sysctls, in nanoseconds, and setting a connection's. */
import * as abi from '../abi';
import { sysctl } from '../host';
import { allocate } from '../memory';
import { Conn, IPS_FIXED_TIMEOUT } from './conn';
import { believe } from './extra';

const SECOND: u64 = 1_000_000_000;

// Beyond the ABI's sysctls, in the same table.
const SYN_SENT2_SECONDS: u64 = 120; // has no sysctl (tcp_timeouts of nf_conntrack_proto_tcp.c)

let nanos: usize = 0; // u64 per SYSCTL_*

/** Reads the attached host's sysctls. False when memory runs out. */
export function attachTimeouts(): bool {
  if (nanos == 0) nanos = allocate(<usize>abi.SYSCTL_COUNT * 8);
  if (nanos == 0) return false;
  for (let i: u32 = 0; i < <u32>abi.SYSCTL_COUNT; i++) {
    store<u64>(nanos + (<usize>i << 3), <u64>sysctl(i) * SECOND);
  }
  return true;
}

/** The timeout SYSCTL_CT_*_TIMEOUT… in nanoseconds. */
@inline
export function timeoutOf(index: u32): u64 {
  return load<u64>(nanos + (<usize>index << 3));
}

/** Timeout of a TCP state (tcp-table.ts). */
@inline
export function tcpTimeout(state: u32): u64 {
  // States 1 to 8 lie in order behind SYN_SENT's sysctl; 9 is SYN_SENT2.
  if (state == 9) return SYN_SENT2_SECONDS * SECOND;
  return timeoutOf(abi.SYSCTL_CT_TCP_TIMEOUT_SYN_SENT + state - 1);
}

/** Timeout of an SCTP state (sctp-table.ts). */
@inline
export function sctpTimeout(state: u32): u64 {
  return timeoutOf(abi.SYSCTL_CT_SCTP_TIMEOUT_CLOSED + state - 1);
}

/** As nf_ct_refresh_acct(): `conn` lives for `timeout` from `now` on. */
@inline
export function refresh(conn: Conn, now: u64, timeout: u64): void {
  believe();
  if (!(conn.status & IPS_FIXED_TIMEOUT)) conn.expires = now + timeout;
}
