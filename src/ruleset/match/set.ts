import {
  type Argument,
  alias,
  type Extension,
  FLAG,
  FLAG_OR_NOT,
  type OptionSpec,
  type Options,
  type RuleContext,
  VALUE,
  VALUE_OR_NOT,
} from '../extension.ts';
import { Fault } from '../fault.ts';
import { listOf, oneOf, shortText, u64 } from '../readers.ts';
import type { Invertible } from '../values.ts';

export type SetSide = 'src' | 'dst';

/** A condition on the counters of the set's entry. */
export interface SetCounterCondition {
  readonly op: 'eq' | 'ne' | 'lt' | 'gt';
  readonly value: bigint;
}

/** -m set --match-set */
export interface SetMatch extends Invertible {
  readonly kind: 'set';
  readonly name: string;
  /** Which side each of the entry's dimensions comes from; 1 to 6 of them. */
  readonly sides: readonly SetSide[];
  readonly returnNomatch: boolean;
  readonly updateCounters: boolean;
  readonly updateSubcounters: boolean;
  readonly packets: SetCounterCondition | null;
  readonly bytes: SetCounterCondition | null;
}

const MAX_DIMENSIONS = 6; // IPSET_DIM_MAX
/** A set's name: IPSET_MAXNAMELEN less the final 0. */
export const setName = shortText(31, 1);

/** src,dst,… */
export function setSides(arg: Argument, context: RuleContext): SetSide[] {
  const sides = listOf(oneOf(['src', 'dst']))(arg, context);
  if (sides.length > MAX_DIMENSIONS) {
    throw new Fault(`expected at most ${MAX_DIMENSIONS} of src and dst`, arg.column);
  }
  return sides;
}

function counterCondition(options: Options, unit: 'packets' | 'bytes'): SetCounterCondition | null {
  const given = options.oneOf([`${unit}-eq`, `${unit}-lt`, `${unit}-gt`]);
  if (given === undefined) return null;
  const op = given.id.slice(-2) as 'eq' | 'lt' | 'gt';
  return { op: given.invert ? 'ne' : op, value: options.argument(given, u64) };
}

const MATCH_SET: OptionSpec = { args: 2, invert: true };

export const setExtension: Extension<SetMatch> = {
  name: 'set',
  options: {
    'match-set': MATCH_SET,
    set: alias('match-set', MATCH_SET),
    'return-nomatch': FLAG,
    'update-counters': FLAG_OR_NOT,
    'update-subcounters': FLAG_OR_NOT,
    'packets-eq': VALUE_OR_NOT,
    'packets-lt': VALUE,
    'packets-gt': VALUE,
    'bytes-eq': VALUE_OR_NOT,
    'bytes-lt': VALUE,
    'bytes-gt': VALUE,
  },
  read: (options) => {
    const set = options.need('match-set');
    return {
      kind: 'set',
      name: options.argument(set, setName, 0),
      sides: options.argument(set, setSides, 1),
      invert: set.invert,
      returnNomatch: options.has('return-nomatch'),
      updateCounters: options.asked('update-counters') ?? true,
      updateSubcounters: options.asked('update-subcounters') ?? true,
      packets: counterCondition(options, 'packets'),
      bytes: counterCondition(options, 'bytes'),
    };
  },
};
