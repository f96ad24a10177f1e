import { type Argument, alias, type Extension, VALUE_OR_NOT } from '../extension.ts';
import { Fault } from '../fault.ts';
import { portRange, split } from '../readers.ts';
import type { Invertible, NumberRange } from '../values.ts';

/** -m multiport */
export interface MultiportMatch extends Invertible {
  readonly kind: 'multiport';
  readonly side: 'source' | 'destination' | 'either';
  readonly ports: readonly NumberRange[];
}

const MAX_PORTS = 15; // XT_MULTI_PORTS; a range takes two

const SIDES = { sports: 'source', dports: 'destination', ports: 'either' } as const;

function ports(arg: Argument): NumberRange[] {
  const pieces = split(arg, ',');
  const places = pieces.reduce((sum, piece) => sum + (piece.text.includes(':') ? 2 : 1), 0);
  if (places > MAX_PORTS) {
    throw new Fault(`expected at most ${MAX_PORTS} ports (a range takes two)`, arg.column);
  }
  return pieces.map(portRange);
}

export const multiportExtension: Extension<MultiportMatch> = {
  name: 'multiport',
  protocols: [6, 17, 33, 132, 136],
  options: {
    'source-ports': alias('sports', VALUE_OR_NOT),
    sports: VALUE_OR_NOT,
    'destination-ports': alias('dports', VALUE_OR_NOT),
    dports: VALUE_OR_NOT,
    ports: VALUE_OR_NOT,
  },
  read: (options) => {
    const given = options.needOneOf(Object.keys(SIDES));
    return {
      kind: 'multiport',
      side: SIDES[given.id as keyof typeof SIDES],
      ports: options.argument(given, ports),
      invert: given.invert,
    };
  },
};
