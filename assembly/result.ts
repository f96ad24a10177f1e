/**
 * Writing result records. Where results are not asked for (`result` is 0), nothing is called here.
 */
import {
  NONE,
  REASON_OBSERVED,
  REASON_POLICY,
  RESULT_CT_NONE,
  RESULT_NAT,
  RESULT_NAT_CHOSEN,
  RESULT_POLICY,
  RESULT_RECORD_SIZE,
  ROLE_INJECT,
  ROLE_OBSERVE,
} from './abi';
import { writeAddress } from './address';
import { CONN_NAT_CHOSEN, Conn } from './conntrack/conn';
import { predicted, Prediction } from './observe/pending';
import { Packet } from './packet';
import { outcome } from './pipeline/outcome';
import { RESULT_NAT_DST, RESULT_NAT_SRC, ResultRecord, Traversal } from './slot';

/** A further sighting of a packet that was evaluated as `e` says. */
export function writeObserved(e: Prediction, frame: u64, result: usize, flags: u32): void {
  const w = changetype<ResultRecord>(result);
  memory.fill(result, 0, RESULT_RECORD_SIZE);
  w.role = <u8>ROLE_OBSERVE;
  w.reason = <u8>REASON_OBSERVED;
  w.ctState = <u8>RESULT_CT_NONE;
  w.decidedBy = NONE;
  w.flags = <u16>flags;
  const t = predicted(e);
  w.in = t.in;
  w.out = t.out;
  w.path = t.path;
  w.injected = <u32>(frame - e.frame);
}

/** An evaluated packet that went the way `t`; its addresses on arrival are in `outcome`. */
export function writeResult(p: Packet, t: Traversal, result: usize, flags: u32): void {
  const w = changetype<ResultRecord>(result);
  memory.fill(result, 0, RESULT_RECORD_SIZE);
  w.role = <u8>ROLE_INJECT;
  w.path = t.path;
  w.verdict = t.verdict;
  w.reason = t.reason;
  w.klass = t.klass;
  w.ctState = t.ctState;
  w.in = t.in;
  w.out = t.out;
  w.physIn = t.physIn;
  w.physOut = t.physOut;
  w.decidedBy = t.decidedBy;
  if (t.reason == REASON_POLICY) flags |= RESULT_POLICY;
  const o = outcome;
  if (p.src != o.src || p.dst != o.dst || p.sport != o.sport || p.dport != o.dport) {
    flags |= RESULT_NAT;
    if (p.conn != 0 && changetype<Conn>(<usize>p.conn).flags & CONN_NAT_CHOSEN) {
      flags |= RESULT_NAT_CHOSEN;
    }
    w.natSport = p.sport;
    w.natDport = p.dport;
    writeAddress(p.family, p.src, result + RESULT_NAT_SRC);
    writeAddress(p.family, p.dst, result + RESULT_NAT_DST);
  }
  w.flags = <u16>flags;
}

/** A frame that is not evaluated. */
export function writeIgnored(result: usize, reason: u32, role: u32, iface: u32): void {
  if (result == 0) return;
  const w = changetype<ResultRecord>(result);
  memory.fill(result, 0, RESULT_RECORD_SIZE);
  w.role = <u8>role;
  w.reason = <u8>reason;
  w.ctState = <u8>RESULT_CT_NONE;
  w.decidedBy = NONE;
  w.in = <u16>iface;
}
