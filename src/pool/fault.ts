import {
  CAPTURE_BLOCK_LENGTH,
  CAPTURE_BLOCK_SIZE,
  CAPTURE_BLOCK_TOO_LONG,
  CAPTURE_BYTE_ORDER,
  CAPTURE_CUT,
  CAPTURE_EMPTY,
  CAPTURE_NO_INTERFACE,
  CAPTURE_NO_MEMORY,
  CAPTURE_NOT_A_CAPTURE,
  CAPTURE_OK,
  CAPTURE_OPTION_LENGTH,
  CAPTURE_PACKET_LENGTH,
  CAPTURE_RECORD_TOO_LONG,
  CAPTURE_VERSION,
} from '../../assembly/abi-capture.ts';
import type { Heap } from '../engine/heap.ts';
import { SLOT } from '../engine/layout.ts';
import type { CaptureError } from '../errors.ts';

/** Where and why a capture could not be read on. */
export interface CaptureFault {
  /** A CAPTURE_*. */
  readonly status: number;
  /** Offset in the (decompressed) capture. */
  readonly offset: number;
  readonly message: string;
}

/** What stopped the front in a slot, or null. */
export function captureFault(heap: Heap, slot: number): CaptureFault | null {
  const status = heap.u32(slot + SLOT.status);
  if (status === CAPTURE_OK) return null;
  const offset = Number(heap.u64(slot + SLOT.faultOffset));
  const need = heap.u32(slot + SLOT.need);
  const have = heap.u32(slot + SLOT.have);
  return { status, offset, message: describe(status, offset, need, have) };
}

/**
 * Which of two faults came first: what the front met, or that the source ended early. A record that
 * is cut off is where the source ended; any other fault lies before that, however far the source
 * had been read ahead.
 */
export function firstFault(
  met: CaptureFault | null,
  ended: CaptureError | undefined,
): { readonly message: string; readonly offset: number } | null {
  if (ended === undefined || (met !== null && met.status !== CAPTURE_CUT)) return met;
  return { message: ended.message, offset: ended.offset ?? 0 };
}

function describe(status: number, offset: number, need: number, have: number): string {
  const at = `at byte ${offset}`;
  switch (status) {
    case CAPTURE_NOT_A_CAPTURE:
      return 'not a capture: neither pcap nor pcapng';
    case CAPTURE_EMPTY:
      return 'empty: not even the header of a capture';
    case CAPTURE_CUT:
      return `cut off in the record ${at}: it has ${need} bytes and ${have} are there`;
    case CAPTURE_BLOCK_LENGTH:
      return `corrupt ${at}: a block's length is given as ${need} and as ${have}`;
    case CAPTURE_BLOCK_SIZE:
      return have < need
        ? `corrupt ${at}: a block of ${have} bytes, less than the ${need} of its kind`
        : `corrupt ${at}: a block of ${have} bytes, which is no multiple of four`;
    case CAPTURE_OPTION_LENGTH:
      return `corrupt ${at}: an option of ${need} bytes in a block with room for ${have}`;
    case CAPTURE_RECORD_TOO_LONG:
      return `corrupt ${at}: a packet of ${need} bytes, more than the ${have} that can be`;
    case CAPTURE_VERSION:
      return `format version ${have} ${at}, which is not known`;
    case CAPTURE_NO_INTERFACE:
      return `corrupt ${at}: a packet of interface ${need}, but there are ${have}`;
    case CAPTURE_BYTE_ORDER:
      return `corrupt ${at}: a section without a byte order mark`;
    case CAPTURE_PACKET_LENGTH:
      return `corrupt ${at}: a packet of ${need} bytes in a block with room for ${have}`;
    case CAPTURE_BLOCK_TOO_LONG:
      return `a block of ${need} bytes ${at}, more than the ${have} that can be read`;
    case CAPTURE_NO_MEMORY:
      return `out of memory ${at}`;
    default:
      return `unreadable ${at} (status ${status})`;
  }
}

/** Whether nothing at all could be read: the input is no capture. */
export function isNoCapture(fault: CaptureFault): boolean {
  return fault.status === CAPTURE_NOT_A_CAPTURE || fault.status === CAPTURE_EMPTY;
}
