import type { Argument, Extension } from '../extension.ts';
import { Fault } from '../fault.ts';
import { oneOf, portRange, split } from '../readers.ts';
import type { Invertible, PortMatch } from '../values.ts';
import { PORT_OPTIONS } from './tcp.ts';

/** `flags` compared under `flagMask`; flagMask 0 looks at the type alone. */
export interface SctpChunkType {
  readonly type: number;
  readonly flagMask: number;
  readonly flags: number;
}

export interface SctpChunks extends Invertible {
  readonly mode: 'all' | 'any' | 'only';
  readonly types: readonly SctpChunkType[];
}

/** -m sctp */
export interface SctpMatch {
  readonly kind: 'sctp';
  readonly srcPorts: PortMatch | null;
  readonly dstPorts: PortMatch | null;
  readonly chunks: SctpChunks | null;
}

/** Name, type, and the letters of its flags from bit 7 down to bit 0 (RFC 9260 and extensions). */
const CHUNKS: ReadonlyArray<readonly [string, number, string]> = [
  ['DATA', 0, '----IUBE'],
  ['INIT', 1, '--------'],
  ['INIT_ACK', 2, '--------'],
  ['SACK', 3, '--------'],
  ['HEARTBEAT', 4, '--------'],
  ['HEARTBEAT_ACK', 5, '--------'],
  ['ABORT', 6, '-------T'],
  ['SHUTDOWN', 7, '--------'],
  ['SHUTDOWN_ACK', 8, '--------'],
  ['ERROR', 9, '--------'],
  ['COOKIE_ECHO', 10, '--------'],
  ['COOKIE_ACK', 11, '--------'],
  ['ECN_ECNE', 12, '--------'],
  ['ECN_CWR', 13, '--------'],
  ['SHUTDOWN_COMPLETE', 14, '-------T'],
  ['I_DATA', 64, '----IUBE'],
  ['ASCONF_ACK', 128, '--------'],
  ['RE_CONFIG', 130, '--------'],
  ['PAD', 132, '--------'],
  ['FORWARD_TSN', 192, '--------'],
  ['ASCONF', 193, '--------'],
  ['I_FORWARD_TSN', 194, '--------'],
];

/** `NAME[:flags]`: a capital letter asks for the flag set, a small one for the flag clear. */
function chunkType(arg: Argument): SctpChunkType {
  const [name, flags] = split(arg, ':');
  const chunk = CHUNKS.find(([known]) => known === name?.text.toUpperCase());
  if (chunk === undefined) {
    throw new Fault(`expected an SCTP chunk type, found "${arg.text}"`, arg.column);
  }
  const [, type, letters] = chunk;
  let flagMask = 0;
  let bits = 0;
  for (const letter of flags?.text ?? '') {
    const at = letter === '-' ? -1 : letters.indexOf(letter.toUpperCase());
    if (at < 0) throw new Fault(`"${letter}" is no flag of ${chunk[0]}`, arg.column);
    flagMask |= 0x80 >> at;
    if (letter !== letter.toLowerCase()) bits |= 0x80 >> at;
  }
  return { type, flagMask, flags: bits };
}

function chunkTypes(arg: Argument): SctpChunkType[] {
  const word = arg.text.toUpperCase();
  if (word === 'NONE') return [];
  if (word === 'ALL') {
    return Array.from({ length: 256 }, (_, type) => ({ type, flagMask: 0, flags: 0 }));
  }
  return split(arg, ',').map(chunkType);
}

export const sctpExtension: Extension<SctpMatch> = {
  name: 'sctp',
  protocols: [132],
  options: { ...PORT_OPTIONS, 'chunk-types': { args: 2, invert: true } },
  read: (options) => {
    const chunks = options.find('chunk-types');
    return {
      kind: 'sctp',
      srcPorts: options.inverted('sport', portRange),
      dstPorts: options.inverted('dport', portRange),
      chunks:
        chunks === undefined
          ? null
          : {
              mode: options.argument(chunks, oneOf(['all', 'any', 'only']), 0),
              types: options.argument(chunks, chunkTypes, 1),
              invert: chunks.invert,
            },
    };
  },
};
