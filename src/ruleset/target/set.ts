import { type Extension, FLAG, type OptionSpec, type Options, VALUE } from '../extension.ts';
import type { SetSide } from '../match/set.ts';
import { setName, setSides } from '../match/set.ts';
import { MAX_U32, unsigned } from '../readers.ts';

/** A set and the packet's sides that make up the entry. */
export interface SetReference {
  readonly name: string;
  readonly sides: readonly SetSide[];
}

/** -j SET */
export interface SetTarget {
  readonly kind: 'SET';
  readonly add: SetReference | null;
  readonly del: SetReference | null;
  readonly map: SetReference | null;
  /** Add anew an entry that is there (with the new timeout). */
  readonly exist: boolean;
  /** Seconds; null: the set's default. */
  readonly timeout: number | null;
  readonly mapMark: boolean;
  readonly mapPriority: boolean;
  readonly mapQueue: boolean;
}

const SET_AND_SIDES: OptionSpec = { args: 2 };

function reference(options: Options, id: string): SetReference | null {
  const given = options.find(id);
  if (given === undefined) return null;
  return {
    name: options.argument(given, setName, 0),
    sides: options.argument(given, setSides, 1),
  };
}

export const setTargetExtension: Extension<SetTarget> = {
  name: 'SET',
  options: {
    'add-set': SET_AND_SIDES,
    'del-set': SET_AND_SIDES,
    'map-set': SET_AND_SIDES,
    timeout: VALUE,
    exist: FLAG,
    'map-mark': FLAG,
    'map-prio': FLAG,
    'map-queue': FLAG,
  },
  read: (options) => {
    const target: SetTarget = {
      kind: 'SET',
      add: reference(options, 'add-set'),
      del: reference(options, 'del-set'),
      map: reference(options, 'map-set'),
      exist: options.has('exist'),
      timeout: options.value('timeout', unsigned(MAX_U32 - 1), null),
      mapMark: options.has('map-mark'),
      mapPriority: options.has('map-prio'),
      mapQueue: options.has('map-queue'),
    };
    if (target.add === null && target.del === null && target.map === null) {
      throw options.fault('--add-set, --del-set or --map-set is missing');
    }
    return target;
  },
};
