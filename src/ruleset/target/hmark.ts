import { type Extension, VALUE } from '../extension.ts';
import { listOf, MAX_U32, prefixLen, prefixOf, u16, u32, unsigned } from '../readers.ts';

/** -j HMARK: the mark becomes a hash of the packet's addresses and ports. */
export interface HmarkTarget {
  readonly kind: 'HMARK';
  readonly modulus: number;
  readonly offset: number;
  readonly seed: number;
  /** Fields of the tuple: src, dst, sport, dport, spi, ct. */
  readonly tuple: readonly string[];
  readonly srcPrefixLen: number | null;
  readonly dstPrefixLen: number | null;
  readonly sportMask: number | null;
  readonly dportMask: number | null;
  readonly spiMask: number | null;
  readonly sport: number | null;
  readonly dport: number | null;
  readonly spi: number | null;
  readonly protoMask: number | null;
}

const FIELDS = ['ct', 'src', 'dst', 'sport', 'dport', 'proto', 'spi'] as const;

export const hmarkExtension: Extension<HmarkTarget> = {
  name: 'HMARK',
  options: {
    'hmark-tuple': VALUE,
    'hmark-src-prefix': VALUE,
    'hmark-dst-prefix': VALUE,
    'hmark-sport-mask': VALUE,
    'hmark-dport-mask': VALUE,
    'hmark-spi-mask': VALUE,
    'hmark-sport': VALUE,
    'hmark-dport': VALUE,
    'hmark-spi': VALUE,
    'hmark-proto-mask': VALUE,
    'hmark-rnd': VALUE,
    'hmark-mod': VALUE,
    'hmark-offset': VALUE,
  },
  read: (options) => ({
    kind: 'HMARK',
    modulus: options.required('hmark-mod', unsigned(MAX_U32, 1)),
    offset: options.value('hmark-offset', u32, 0),
    seed: options.required('hmark-rnd', u32),
    tuple: options.value('hmark-tuple', listOf(prefixOf(FIELDS)), []),
    srcPrefixLen: options.value('hmark-src-prefix', prefixLen, null),
    dstPrefixLen: options.value('hmark-dst-prefix', prefixLen, null),
    sportMask: options.value('hmark-sport-mask', u16, null),
    dportMask: options.value('hmark-dport-mask', u16, null),
    spiMask: options.value('hmark-spi-mask', u32, null),
    sport: options.value('hmark-sport', u16, null),
    dport: options.value('hmark-dport', u16, null),
    spi: options.value('hmark-spi', u32, null),
    protoMask: options.value('hmark-proto-mask', u16, null),
  }),
};
