/**
 * Which of a rule's matches the table decides and which stay to be asked one by one. A condition is
 * decided by the table when its dimension is written by no rule of the netfilter table (else what
 * was true at the chain's start need not hold at the rule), when it is the rule's only one in that
 * dimension, and when nothing stateful is asked before it: a limit must see exactly the packets
 * that the kernel shows it.
 */
import { VERDICT_ACCEPT, VERDICT_DROP, VERDICT_QUEUE } from '../abi';
import {
  DIM_CT,
  DIM_DST,
  DIM_DST_TYPE,
  DIM_LENGTH,
  DIM_PKTTYPE,
  DIM_SRC,
  DIM_SRC_TYPE,
  DIM_TCP_FLAGS,
  DIM_TOS,
  DIM_TTL,
  MATCH_ADDRESSES,
  MATCH_CLUSTER,
  MATCH_CONNLABEL,
  MATCH_CONNLIMIT,
  MATCH_FRAGMENT,
  MATCH_HASHLIMIT,
  MATCH_HEADER,
  MATCH_INVERT,
  MATCH_LIMIT,
  MATCH_QUOTA,
  MATCH_RANGES,
  MATCH_RECENT,
  MATCH_SET,
  MATCH_STATISTIC_NTH,
  MATCH_STATISTIC_RANDOM,
  MATCH_VALUES,
  SET_VOLATILE,
  TARGET_ACCEPT,
  TARGET_CT,
  TARGET_DNPT,
  TARGET_DROP,
  TARGET_GOTO,
  TARGET_NETMAP,
  TARGET_NONE,
  TARGET_QUEUE,
  TARGET_REJECT,
  TARGET_RETURN,
  TARGET_SNPT,
  TARGET_TCP_FLAGS,
  TARGET_TCPMSS,
  TARGET_TOS,
  TARGET_TTL,
} from '../abi-rules';
import { matchDim, matchFlags, matchKind, matchPayload } from './record';

/** Dimensions (bits) that a target of this kind writes. */
export function dimsWrittenBy(target: u32): u32 {
  switch (target) {
    case TARGET_TTL:
      return 1 << DIM_TTL;
    case TARGET_TOS:
      return 1 << DIM_TOS;
    case TARGET_TCP_FLAGS:
      return 1 << DIM_TCP_FLAGS;
    case TARGET_TCPMSS:
      return 1 << DIM_LENGTH;
    case TARGET_SNPT:
      return (1 << DIM_SRC) | (1 << DIM_SRC_TYPE);
    case TARGET_DNPT:
      return (1 << DIM_DST) | (1 << DIM_DST_TYPE);
    case TARGET_CT:
      return 1 << DIM_CT;
    default:
      return 0;
  }
}

/** Dimensions (bits) that asking this kind of match may write. */
export function dimsWrittenByMatch(match: u32): u32 {
  return match == MATCH_CLUSTER ? 1 << DIM_PKTTYPE : 0;
}

/** Verdict of a target that is nothing but a verdict; 0 for all others. */
export function verdictOf(target: u32): u32 {
  if (target == TARGET_ACCEPT) return VERDICT_ACCEPT;
  if (target == TARGET_DROP) return VERDICT_DROP;
  return target == TARGET_QUEUE ? VERDICT_QUEUE : 0;
}

/** Whether a rule with this kind of target, when it matches, is the chain's last one. */
export function endsChain(target: u32): bool {
  return (
    target <= <u32>TARGET_NETMAP ||
    target == TARGET_ACCEPT ||
    target == TARGET_DROP ||
    target == TARGET_RETURN ||
    target == TARGET_QUEUE ||
    target == TARGET_GOTO ||
    target == TARGET_REJECT
  ) && target != TARGET_NONE;
}

/** Asking the match changes something, or its answer depends on when it is asked. */
export function isStateful(match: usize): bool {
  const kind = matchKind(match);
  if (kind == MATCH_SET) return (load<u32>(matchPayload(match), 12) & SET_VOLATILE) != 0;
  return (
    kind == MATCH_CLUSTER ||
    kind == MATCH_CONNLABEL ||
    kind == MATCH_LIMIT ||
    kind == MATCH_HASHLIMIT ||
    kind == MATCH_RECENT ||
    kind == MATCH_CONNLIMIT ||
    kind == MATCH_STATISTIC_NTH ||
    kind == MATCH_STATISTIC_RANDOM ||
    kind == MATCH_QUOTA
  );
}

/** Holds for every packet that is not odd (see odd.ts), so that the table need not ask it. */
export function holdsForRegular(match: usize): bool {
  const kind = matchKind(match);
  if (kind == MATCH_HEADER) return true;
  return kind == MATCH_FRAGMENT && (matchFlags(match) & MATCH_INVERT) != 0;
}

/** Dimension of a match that a table can decide; -1 for all others. */
export function staticDim(match: usize): i32 {
  const kind = matchKind(match);
  if (kind == MATCH_VALUES || kind == MATCH_RANGES || kind == MATCH_ADDRESSES) {
    return <i32>matchDim(match);
  }
  return -1;
}
