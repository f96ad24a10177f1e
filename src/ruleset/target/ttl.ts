import { type Extension, VALUE } from '../extension.ts';
import { u8, unsigned } from '../readers.ts';
import type { Family } from '../values.ts';

/** -j TTL and -j HL */
export interface TtlTarget {
  readonly kind: 'TTL' | 'HL';
  readonly op: 'set' | 'dec' | 'inc';
  readonly value: number;
}

function hopLimit(kind: TtlTarget['kind'], family: Family): Extension<TtlTarget> {
  const prefix = kind.toLowerCase();
  const names = ['set', 'dec', 'inc'].map((op) => `${prefix}-${op}`);
  return {
    name: kind,
    family,
    tables: ['mangle'],
    options: Object.fromEntries(names.map((name) => [name, VALUE])),
    read: (options) => {
      const given = options.needOneOf(names);
      const op = given.id.slice(-3) as TtlTarget['op'];
      return { kind, op, value: options.argument(given, op === 'set' ? u8 : unsigned(255, 1)) };
    },
  };
}

export const ttlTargetExtension = hopLimit('TTL', 4);
export const hlTargetExtension = hopLimit('HL', 6);
