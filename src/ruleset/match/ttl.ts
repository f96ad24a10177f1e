import { alias, type Extension, VALUE, VALUE_OR_NOT } from '../extension.ts';
import { u8 } from '../readers.ts';
import type { Family, Invertible } from '../values.ts';

/** -m ttl and -m hl */
export interface TtlMatch extends Invertible {
  readonly kind: 'ttl' | 'hl';
  /** eq: equal (inverted: not equal), lt: below, gt: above. */
  readonly op: 'eq' | 'lt' | 'gt';
  readonly value: number;
}

function hopLimit(kind: TtlMatch['kind'], family: Family): Extension<TtlMatch> {
  return {
    name: kind,
    family,
    options: {
      [`${kind}-lt`]: VALUE,
      [`${kind}-gt`]: VALUE,
      [`${kind}-eq`]: VALUE_OR_NOT,
      [kind]: alias(`${kind}-eq`, VALUE_OR_NOT),
    },
    read: (options) => {
      const given = options.needOneOf([`${kind}-eq`, `${kind}-lt`, `${kind}-gt`]);
      return {
        kind,
        op: given.id.slice(-2) as TtlMatch['op'],
        value: options.argument(given, u8),
        invert: given.invert,
      };
    },
  };
}

export const ttlExtension = hopLimit('ttl', 4);
export const hlExtension = hopLimit('hl', 6);
