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
