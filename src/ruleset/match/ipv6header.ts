import { type Argument, type Extension, FLAG, VALUE_OR_NOT } from '../extension.ts';
import { Fault } from '../fault.ts';
import { split } from '../readers.ts';
import type { Invertible } from '../values.ts';

export type Ipv6HeaderName = 'hop' | 'dst' | 'route' | 'frag' | 'auth' | 'esp' | 'none' | 'prot';

/** -m ipv6header: exactly these headers, or with `soft` at least these. */
export interface Ipv6headerMatch extends Invertible {
  readonly kind: 'ipv6header';
  readonly headers: readonly Ipv6HeaderName[];
  readonly soft: boolean;
}

const HEADERS: ReadonlyMap<string, Ipv6HeaderName> = new Map([
  ['hop-by-hop', 'hop'],
  ['hop', 'hop'],
  ['ipv6-opts', 'dst'],
  ['dst', 'dst'],
  ['ipv6-route', 'route'],
  ['route', 'route'],
  ['ipv6-frag', 'frag'],
  ['frag', 'frag'],
  ['ah', 'auth'],
  ['auth', 'auth'],
  ['esp', 'esp'],
  ['ipv6-nonxt', 'none'],
  ['none', 'none'],
  ['protocol', 'prot'],
  ['prot', 'prot'],
  ['0', 'hop'],
  ['60', 'dst'],
  ['43', 'route'],
  ['44', 'frag'],
  ['51', 'auth'],
  ['50', 'esp'],
  ['59', 'none'],
  ['255', 'prot'],
]);

function headers(arg: Argument): Ipv6HeaderName[] {
  return split(arg, ',').map((piece) => {
    const name = HEADERS.get(piece.text.toLowerCase());
    if (name === undefined) {
      throw new Fault(`expected an IPv6 header, found "${piece.text}"`, piece.column);
    }
    return name;
  });
}

export const ipv6headerExtension: Extension<Ipv6headerMatch> = {
  name: 'ipv6header',
  family: 6,
  options: { header: VALUE_OR_NOT, soft: FLAG },
  read: (options) => ({
    kind: 'ipv6header',
    headers: options.required('header', headers),
    soft: options.has('soft'),
    invert: options.need('header').invert,
  }),
};
