import { type Extension, FLAG_OR_NOT, VALUE_OR_NOT } from '../extension.ts';
import { interfaceName } from '../readers.ts';
import type { InterfaceMatch } from '../values.ts';

/** -m physdev. The is… conditions: true asked, false asked with `!`, null not asked. */
export interface PhysdevMatch {
  readonly kind: 'physdev';
  readonly in: InterfaceMatch | null;
  readonly out: InterfaceMatch | null;
  readonly isIn: boolean | null;
  readonly isOut: boolean | null;
  readonly isBridged: boolean | null;
}

export const physdevExtension: Extension<PhysdevMatch> = {
  name: 'physdev',
  options: {
    'physdev-in': VALUE_OR_NOT,
    'physdev-out': VALUE_OR_NOT,
    'physdev-is-in': FLAG_OR_NOT,
    'physdev-is-out': FLAG_OR_NOT,
    'physdev-is-bridged': FLAG_OR_NOT,
  },
  read: (options) => {
    if (options.occurrences.length === 0) throw options.fault('at least one option is missing');
    return {
      kind: 'physdev',
      in: options.inverted('physdev-in', interfaceName),
      out: options.inverted('physdev-out', interfaceName),
      isIn: options.asked('physdev-is-in'),
      isOut: options.asked('physdev-is-out'),
      isBridged: options.asked('physdev-is-bridged'),
    };
  },
};
