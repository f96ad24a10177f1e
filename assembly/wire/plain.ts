/**
 * Plain frames: received for this host, IPv4 without options, whole, all of it captured. Only they
 * may be judged straight from their record (../express.ts), so that the front says it once.
 */
import {
  DIRECTION_IN,
  FAMILY_V4,
  FAULT_NONE,
  FRAME_ETHERNET,
  FRAME_NO_IFACE,
  PACKET_HOST,
} from '../abi';
import { FrameRecord } from '../packet';
import { IPV4_HEADER } from './ipv4';

/** What may be said of a plain frame. */
const PLAIN_FLAGS: u32 = FRAME_ETHERNET | FRAME_NO_IFACE;

/** Whether frames at this place may be plain. */
@inline
export function isPlainPlace(iface: u32, direction: u32, pktType: u32): bool {
  return iface != 0 && direction == DIRECTION_IN && pktType == PACKET_HOST;
}

/** Whether a frame is plain, all else of which is known. */
export function isPlain(f: FrameRecord): bool {
  if (f.fault != FAULT_NONE || f.family != FAMILY_V4 || f.flags & ~PLAIN_FLAGS) return false;
  if (f.l4Off != <u16>IPV4_HEADER || f.fragOff != 0) return false;
  return isPlainPlace(f.iface, f.direction, f.pktType);
}
