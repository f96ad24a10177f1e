/** The set match and the SET target. */
import {
  MATCH_SET,
  SET_BYTES_OP_SHIFT,
  SET_OP_EQ,
  SET_OP_GT,
  SET_OP_LT,
  SET_OP_NE,
  SET_PACKETS_OP_SHIFT,
  SET_RETURN_NOMATCH,
  SET_SKIP_COUNTERS,
  SET_SKIP_SUBCOUNTERS,
  SET_TARGET_EXIST,
  SET_TARGET_MAP_MARK,
  SET_TARGET_MAP_PRIORITY,
  SET_TARGET_TIMEOUT,
  SET_VOLATILE,
  TARGET_SET,
} from '../../../assembly/abi-rules.ts';
import type { SetSide } from '../../ruleset/match/set.ts';
import type { Target } from '../../ruleset/target/index.ts';
import type { SetReference } from '../../ruleset/target/set.ts';
import { ByteWriter } from './byte-writer.ts';
import { match } from './condition.ts';
import {
  type LowerContext,
  type LoweredMatch,
  type LoweredTarget,
  type MatchOf,
  Refused,
} from './context.ts';

const OPERATORS = { eq: SET_OP_EQ, ne: SET_OP_NE, lt: SET_OP_LT, gt: SET_OP_GT } as const;

/** Bit i: dimension i comes from the source. */
function sideBits(sides: readonly SetSide[]): number {
  return sides.reduce((bits, side, i) => (side === 'src' ? bits | (1 << i) : bits), 0);
}

function missing(name: string): Refused {
  return new Refused(`set "${name}" does not exist: ipset-save.txt must have it`);
}

export function lowerSetMatch(
  set: MatchOf<'set'>,
  context: LowerContext,
): LoweredMatch[] | Refused {
  const index = context.setIndex(set.name);
  if (index === null) return missing(set.name);
  const usage = context.setUsage(set.name);
  if (usage.ordered !== null) context.ordered(`set ${set.name}: ${usage.ordered}`);
  const flags =
    (set.returnNomatch ? SET_RETURN_NOMATCH : 0) |
    (set.updateCounters ? 0 : SET_SKIP_COUNTERS) |
    (set.updateSubcounters ? 0 : SET_SKIP_SUBCOUNTERS) |
    (usage.ordered !== null || usage.hasMac ? SET_VOLATILE : 0) |
    (set.packets === null ? 0 : OPERATORS[set.packets.op] << SET_PACKETS_OP_SHIFT) |
    (set.bytes === null ? 0 : OPERATORS[set.bytes.op] << SET_BYTES_OP_SHIFT);
  const out = new ByteWriter().u32(index, sideBits(set.sides), set.sides.length, flags);
  out.u64(set.packets?.value ?? 0n, set.bytes?.value ?? 0n);
  return [match(MATCH_SET, out.toUint8Array(), set.invert)];
}

export function lowerSetTarget(
  target: Extract<Target, { kind: 'SET' }>,
  context: LowerContext,
): LoweredTarget | Refused {
  const out = new ByteWriter();
  const reference = (to: SetReference | null): Refused | null => {
    const index = to === null ? -1 : context.setIndex(to.name);
    if (index === null) return missing(to?.name ?? '');
    out.u32(index + 1, sideBits(to?.sides ?? []), to?.sides.length ?? 0);
    return null;
  };
  const refused = reference(target.add) ?? reference(target.del) ?? reference(target.map);
  if (refused !== null) return refused;
  if (target.add !== null && context.setUsage(target.add.name).forceadd) {
    const what = 'which entry a full set gives up is chosen here';
    context.warn(`set ${target.add.name} has forceadd: ${what}`);
  }
  const ordered = target.map === null ? null : context.setUsage(target.map.name).ordered;
  if (ordered !== null) context.ordered(`set ${target.map?.name}: ${ordered}`);
  const flags =
    (target.exist ? SET_TARGET_EXIST : 0) |
    (target.timeout === null ? 0 : SET_TARGET_TIMEOUT) |
    (target.mapMark ? SET_TARGET_MAP_MARK : 0) |
    (target.mapPriority ? SET_TARGET_MAP_PRIORITY : 0);
  out.u32(flags, target.timeout ?? 0);
  return { kind: TARGET_SET, payload: out.align(8).toUint8Array() };
}
