/**
 * The first frames that came in on a bridge or by a port of one: from then on a capture is known to
 * show the inside of the host.
 */
import { DIRECTION_IN, FRAME_VLAN_DEVICE, IFACE_BRIDGE } from '../abi';
import { ifaceAt, ifaceCount } from '../host';
import { allocate } from '../memory';
import { FrameRecord } from '../packet';
import { placeDirection, placeIface } from './place';
import { CaptureState } from './state';

// How much of the inside a frame shows that comes in by an interface.
const SHOWS_NOTHING: u8 = 0;
const SHOWS_BRIDGE: u8 = 1;
const SHOWS_PORT: u8 = 2;

let shows: usize = 0; // u8 per interface id: SHOWS_*

/** Prepares this worker. False when memory runs out. */
export function attachInner(): bool {
  shows = allocate(<usize>ifaceCount() + 1);
  if (shows == 0) return false;
  for (let id: u32 = 1; id <= ifaceCount(); id++) {
    const iface = ifaceAt(id);
    const isBridge = iface.kind == IFACE_BRIDGE;
    store<u8>(shows + id, iface.master != 0 ? SHOWS_PORT : isBridge ? SHOWS_BRIDGE : SHOWS_NOTHING);
  }
  return true;
}

/** Notes what the frame, which is not one that takes the short way (usual.ts), shows first. */
export function noteInner(f: FrameRecord, state: CaptureState, frame: u64): void {
  if (f.iface == 0 || f.direction != DIRECTION_IN) return;
  const what = load<u8>(shows + f.iface);
  if (what != SHOWS_NOTHING && state.innerFrom == 0) state.innerFrom = frame;
  if (f.flags & FRAME_VLAN_DEVICE) noteBelow(state, f.iface, frame);
  else if (what == SHOWS_PORT) noteBelow(state, ifaceAt(f.iface).master, frame);
}

/** Notes the first frame that came in below an interface: by a port of it, or with its tag. */
function noteBelow(state: CaptureState, iface: u32, frame: u64): void {
  if (state.belowFrom == 0) state.belowFrom = <u32>allocate((<usize>ifaceCount() + 1) * 8);
  if (state.belowFrom == 0) return;
  const at = <usize>state.belowFrom + (<usize>iface << 3);
  if (load<u64>(at) == 0) store<u64>(at, frame);
}

/** Whether a frame with this place, of untagged ones, may be one to note. */
@inline
export function mayShowMore(place: u32, state: CaptureState): bool {
  if (placeDirection(place) != DIRECTION_IN) return false;
  const shown = state.innerFrom == 0 ? SHOWS_NOTHING : SHOWS_BRIDGE;
  return load<u8>(shows + placeIface(place)) > shown;
}
