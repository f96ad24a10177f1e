import { type Argument, type Extension, VALUE, VALUE_OR_NOT } from '../extension.ts';
import { Fault } from '../fault.ts';
import { asValue, part, split, u8, u32 } from '../readers.ts';
import type { Invertible } from '../values.ts';

export interface Ipv6Option {
  readonly type: number;
  /** null: any length. */
  readonly length: number | null;
}

/** -m hbh and -m dst (IPv6): hop-by-hop and destination options headers. */
export interface OptionsHeaderMatch {
  readonly kind: 'hbh' | 'dst';
  /** Header length in bytes. */
  readonly length: ({ readonly value: number } & Invertible) | null;
  /** In this order. */
  readonly options: readonly Ipv6Option[];
}

const MAX_OPTIONS = 16; // IP6T_OPTS_OPTSNR

/** type[:length],… */
function ipv6Options(arg: Argument): Ipv6Option[] {
  const pieces = split(arg, ',');
  if (pieces.length > MAX_OPTIONS) {
    throw new Fault(`expected at most ${MAX_OPTIONS} options`, arg.column);
  }
  return pieces.map((piece) => {
    const colon = piece.text.indexOf(':');
    if (colon < 0) return { type: u8(piece), length: null };
    return { type: u8(part(piece, 0, colon)), length: u8(part(piece, colon + 1)) };
  });
}

function optionsHeader(kind: OptionsHeaderMatch['kind']): Extension<OptionsHeaderMatch> {
  return {
    name: kind,
    family: 6,
    options: { [`${kind}-len`]: VALUE_OR_NOT, [`${kind}-opts`]: VALUE },
    read: (options) => ({
      kind,
      length: options.inverted(`${kind}-len`, asValue(u32)),
      options: options.value(`${kind}-opts`, ipv6Options, []),
    }),
  };
}

export const hbhExtension = optionsHeader('hbh');
export const dstExtension = optionsHeader('dst');
