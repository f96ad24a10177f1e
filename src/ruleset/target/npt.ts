import { type Argument, type Extension, type RuleContext, VALUE } from '../extension.ts';
import { Fault } from '../fault.ts';
import { addressMask } from '../readers.ts';
import type { AddressMask } from '../values.ts';

/** -j SNPT and DNPT: stateless IPv6 prefix translation (RFC 6296). */
export interface NptTarget {
  readonly kind: 'SNPT' | 'DNPT';
  readonly src: AddressMask;
  readonly dst: AddressMask;
}

const MAX_PREFIX_LEN = 64;

function prefix(arg: Argument, context: RuleContext): AddressMask {
  const value = addressMask(arg, context);
  if (value.prefixLen === null || value.prefixLen > MAX_PREFIX_LEN) {
    throw new Fault(`expected a prefix of at most ${MAX_PREFIX_LEN} bits`, arg.column);
  }
  return value;
}

function prefixTranslation(kind: NptTarget['kind']): Extension<NptTarget> {
  return {
    name: kind,
    family: 6,
    tables: ['mangle'],
    options: { 'src-pfx': VALUE, 'dst-pfx': VALUE },
    read: (options) => ({
      kind,
      src: options.required('src-pfx', prefix),
      dst: options.required('dst-pfx', prefix),
    }),
  };
}

export const snptExtension = prefixTranslation('SNPT');
export const dnptExtension = prefixTranslation('DNPT');
