/** -j HMARK: the layout is in assembly/abi-rules.ts. */
import { HMARK_CT, TARGET_HMARK } from '../../../assembly/abi-rules.ts';
import type { HmarkTarget } from '../../ruleset/target/hmark.ts';
import { ByteWriter } from './byte-writer.ts';
import type { LowerContext, LoweredTarget } from './context.ts';

const MAX_U32 = 0xffffffff;
const MAX_U16 = 0xffff;
const ADDRESS_WORDS = 4;

/** The first `prefixLen` bits, as words. */
function prefixWords(prefixLen: number): number[] {
  return Array.from({ length: ADDRESS_WORDS }, (_, i) => {
    const bits = Math.max(0, Math.min(32, prefixLen - 32 * i));
    return bits === 0 ? 0 : (MAX_U32 << (32 - bits)) >>> 0;
  });
}

export function lowerHmark(target: HmarkTarget, { family }: LowerContext): LoweredTarget {
  const has = (field: string): boolean => target.tuple.includes(field);
  const whole = family === 4 ? 32 : 128;
  const prefix = (field: string, prefixLen: number | null) =>
    prefixWords(prefixLen ?? (has(field) ? whole : 0));
  const portMask = (field: string, mask: number | null) => mask ?? (has(field) ? MAX_U16 : 0);
  const ports = (src: number, dst: number): number => src * (MAX_U16 + 1) + dst;
  const mask =
    has('spi') && target.spiMask === null
      ? MAX_U32
      : (target.spiMask ??
        ports(portMask('sport', target.sportMask), portMask('dport', target.dportMask)));
  const out = new ByteWriter().u32(target.modulus, target.offset, target.seed);
  out.u32(has('ct') ? HMARK_CT : 0);
  out.u32(...prefix('src', target.srcPrefixLen), ...prefix('dst', target.dstPrefixLen));
  out.u32(mask, target.spi ?? ports(target.sport ?? 0, target.dport ?? 0));
  out.u32(target.protoMask ?? (has('proto') ? MAX_U16 : 0), 0);
  return { kind: TARGET_HMARK, payload: out.toUint8Array() };
}
