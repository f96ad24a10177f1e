/** Options at the end of pcapng blocks: code, length, value padded to four bytes. */
import { CAPTURE_OPTION_LENGTH } from '../abi-capture';
import { Slot } from '../slot';
import { half, padded } from './pcapng-block';
import { CaptureState } from './state';
import { stop } from './walk';

const OPTION_END: u32 = 0;
const OPTION_HEADER: usize = 4;

/** Length of the value that findOption() found. */
export let optionLength: u32 = 0;

/**
 * Whether the options between `p` and `end` fit in there. If not, the block, which is at `block`,
 * is a fault.
 */
export function areOptionsWhole(
  slot: Slot,
  state: CaptureState,
  block: usize,
  p: usize,
  end: usize,
): bool {
  while (p + OPTION_HEADER <= end) {
    const code = half(p, state.swapped);
    const length = half(p + 2, state.swapped);
    p += OPTION_HEADER;
    if (code == OPTION_END) return true;
    if (p + <usize>length > end) {
      stop(slot, state, block, CAPTURE_OPTION_LENGTH, length, <u32>(end - p));
      return false;
    }
    p += <usize>padded(length);
  }
  return true;
}

/** The value of option `code` between `p` and `end`, or 0; its length goes to optionLength. */
export function findOption(p: usize, end: usize, code: u32, swapped: u32): usize {
  while (p + OPTION_HEADER <= end) {
    const c = half(p, swapped);
    const length = half(p + 2, swapped);
    p += OPTION_HEADER;
    if (c == OPTION_END || p + <usize>length > end) return 0;
    if (c == code) {
      optionLength = length;
      return p;
    }
    p += <usize>padded(length);
  }
  return 0;
}
