import type { Extension } from '../extension.ts';

/** -m eui64 (IPv6): the source's low 64 bits are the EUI-64 of the source MAC. */
export interface Eui64Match {
  readonly kind: 'eui64';
}

export const eui64Extension: Extension<Eui64Match> = {
  name: 'eui64',
  family: 6,
  options: {},
  read: () => ({ kind: 'eui64' }),
};
