import { type Extension, VALUE } from '../extension.ts';
import { addressMask } from '../readers.ts';
import type { AddressMask } from '../values.ts';

/** -j SNPT and DNPT: stateless IPv6 prefix translation (RFC 6296). */
export interface NptTarget {
  readonly kind: 'SNPT' | 'DNPT';
  readonly src: AddressMask;
  readonly dst: AddressMask;
}

function prefixTranslation(kind: NptTarget['kind']): Extension<NptTarget> {
  return {
    name: kind,
    family: 6,
    tables: ['mangle'],
    options: { 'src-pfx': VALUE, 'dst-pfx': VALUE },
    read: (options) => ({
      kind,
      src: options.required('src-pfx', addressMask),
      dst: options.required('dst-pfx', addressMask),
    }),
  };
}

export const snptExtension = prefixTranslation('SNPT');
export const dnptExtension = prefixTranslation('DNPT');
