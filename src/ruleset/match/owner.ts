import { type Argument, type Extension, FLAG, FLAG_OR_NOT, VALUE_OR_NOT } from '../extension.ts';
import { Fault } from '../fault.ts';
import { MAX_U32, parseUnsigned } from '../readers.ts';
import type { NumberRange, RangeMatch } from '../values.ts';

/** -m owner */
export interface OwnerMatch {
  readonly kind: 'owner';
  readonly uid: RangeMatch | null;
  readonly gid: RangeMatch | null;
  /** true: asked, false: asked with `!`, null: not asked. */
  readonly socketExists: boolean | null;
  readonly supplementaryGroups: boolean;
}

/**
 * Ids as `id`, `min-max` or `min:max`. Names other than root stand for different ids on different
 * machines and are not looked up.
 */
function ids(arg: Argument): NumberRange {
  if (arg.text === 'root') return { min: 0, max: 0 };
  const pieces = arg.text.split(/[-:]/);
  const values = pieces.map((piece) => parseUnsigned(piece));
  const [min, max = min] = values;
  if (min === undefined || min === null || max === null || max === undefined || values.length > 2) {
    throw new Fault(`expected a numeric id or a range of ids, found "${arg.text}"`, arg.column);
  }
  if (max >= BigInt(MAX_U32) || min > max) {
    throw new Fault(`expected ids below ${MAX_U32}, the lower first`, arg.column);
  }
  return { min: Number(min), max: Number(max) };
}

export const ownerExtension: Extension<OwnerMatch> = {
  name: 'owner',
  options: {
    'uid-owner': VALUE_OR_NOT,
    'gid-owner': VALUE_OR_NOT,
    'socket-exists': FLAG_OR_NOT,
    'suppl-groups': FLAG,
  },
  read: (options) => {
    if (options.occurrences.length === 0) throw options.fault('at least one option is missing');
    const groups = options.occurrences.findIndex(({ id }) => id === 'suppl-groups');
    const gid = options.occurrences.findIndex(({ id }) => id === 'gid-owner');
    if (groups >= 0 && (gid < 0 || gid > groups)) {
      throw options.fault('--suppl-groups needs --gid-owner before it');
    }
    return {
      kind: 'owner',
      uid: options.inverted('uid-owner', ids),
      gid: options.inverted('gid-owner', ids),
      socketExists: options.asked('socket-exists'),
      supplementaryGroups: options.has('suppl-groups'),
    };
  },
};
