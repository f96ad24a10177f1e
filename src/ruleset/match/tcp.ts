import type { Argument } from '../extension.ts';
import { alias, type Extension, FLAG_OR_NOT, type OptionSpec, VALUE_OR_NOT } from '../extension.ts';
import { Fault } from '../fault.ts';
import { asNumber, portRange, split, unsigned } from '../readers.ts';
import type { Invertible, MaskedValue, PortMatch } from '../values.ts';

/** -m tcp */
export interface TcpMatch {
  readonly kind: 'tcp';
  readonly srcPorts: PortMatch | null;
  readonly dstPorts: PortMatch | null;
  /** FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32: (flags & mask) == value. `--syn` too. */
  readonly flags: (MaskedValue & Invertible) | null;
  /** The header has a TCP option of this kind. */
  readonly option: ({ readonly number: number } & Invertible) | null;
}

/** Options that every match with ports has; their ids are sport and dport. */
export const PORT_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  'source-port': alias('sport', VALUE_OR_NOT),
  sport: VALUE_OR_NOT,
  'destination-port': alias('dport', VALUE_OR_NOT),
  dport: VALUE_OR_NOT,
};

const FLAG_BITS: Readonly<Record<string, number>> = {
  FIN: 0x01,
  SYN: 0x02,
  RST: 0x04,
  PSH: 0x08,
  ACK: 0x10,
  URG: 0x20,
  ALL: 0x3f,
  NONE: 0,
};

/** `--syn`: the flags that open a connection. */
const SYN_ONLY: MaskedValue = { mask: 0x17, value: 0x02 };

const optionKind = asNumber(unsigned(255, 1));

function tcpFlags(arg: Argument): number {
  let bits = 0;
  for (const piece of split(arg, ',')) {
    const bit = FLAG_BITS[piece.text.toUpperCase()];
    if (bit === undefined) {
      const known = Object.keys(FLAG_BITS).join(', ');
      throw new Fault(`expected TCP flags (${known}), found "${piece.text}"`, piece.column);
    }
    bits |= bit;
  }
  return bits;
}

export const tcpExtension: Extension<TcpMatch> = {
  name: 'tcp',
  protocols: [6],
  options: {
    ...PORT_OPTIONS,
    syn: FLAG_OR_NOT,
    'tcp-flags': { args: 2, invert: true },
    'tcp-option': VALUE_OR_NOT,
  },
  read: (options) => {
    const flags = options.oneOf(['syn', 'tcp-flags']);
    return {
      kind: 'tcp',
      srcPorts: options.inverted('sport', portRange),
      dstPorts: options.inverted('dport', portRange),
      flags:
        flags === undefined
          ? null
          : flags.id === 'syn'
            ? { ...SYN_ONLY, invert: flags.invert }
            : {
                mask: options.argument(flags, tcpFlags, 0),
                value: options.argument(flags, tcpFlags, 1),
                invert: flags.invert,
              },
      option: options.inverted('tcp-option', optionKind),
    };
  },
};
