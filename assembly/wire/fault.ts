/** Faults of a frame: why it is not evaluated, with the bytes that were needed and those there. */
import { FrameRecord } from '../packet';
import { minU32 } from './bytes';

export function fault(f: FrameRecord, code: u32, need: u32, have: u32): void {
  f.fault = <u8>code;
  f.need = <u16>minU32(need, 0xffff);
  f.have = <u16>minU32(have, 0xffff);
}
