/** -j SNPT and DNPT: prefix translation (RFC 6296). */
import { TARGET_DNPT, TARGET_SNPT } from '../../../assembly/abi-rules.ts';
import { addressBytes } from '../../ruleset/address.ts';
import type { NptTarget } from '../../ruleset/target/npt.ts';
import type { Address } from '../../ruleset/values.ts';
import { ByteWriter } from './byte-writer.ts';
import type { LowerContext, LoweredTarget } from './context.ts';

const MAX_U16 = 0xffff;

/** Sum of the 16-bit words in ones' complement. */
function folded(sum: number): number {
  let rest = sum;
  while (rest > MAX_U16) rest = (rest & MAX_U16) + (rest >>> 16);
  return rest;
}

function checksum(address: Address): number {
  const bytes = addressBytes(address, 6);
  return folded(bytes.reduce((sum, byte, i) => sum + (i % 2 === 0 ? byte << 8 : byte), 0));
}

/** A packet looks like another connection's where it leaves: one worker has to see both. */
export function lowerNpt({ kind, src, dst }: NptTarget, { ordered }: LowerContext): LoweredTarget {
  ordered(kind);
  const prefixLen = Math.max(src.prefixLen ?? 0, dst.prefixLen ?? 0);
  const adjustment = folded(checksum(src.address) + (MAX_U16 - checksum(dst.address)));
  const out = new ByteWriter().u32(prefixLen, adjustment).raw(addressBytes(dst.address, 6));
  return { kind: kind === 'SNPT' ? TARGET_SNPT : TARGET_DNPT, payload: out.toUint8Array() };
}
