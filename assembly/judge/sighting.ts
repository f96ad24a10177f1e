/** Further sightings of a packet that was evaluated, held against what was predicted of it. */
import {
  DIFFERENCE_ADDRESS,
  DIFFERENCE_DROPPED,
  DIFFERENCE_INTERFACE,
  PACKET_BROADCAST,
  PACKET_MULTICAST,
  PATH_BRIDGE,
  RESULT_DIFFERS,
  STAT_OBSERVED,
  STAT_OBSERVED_DIFFERENT,
  STAT_OBSERVED_EXACT,
  VERDICT_ACCEPT,
} from '../abi';
import { noteDifference } from '../observe/difference';
import { fulfilledBy } from '../observe/guess';
import { isAsPredicted, predicted, Prediction } from '../observe/pending';
import { FrameRecord, Packet } from '../packet';
import { bridgeOf } from '../pipeline/bridged';
import { writeObserved } from '../result';
import { count } from '../stats';

/** Whether an evaluated packet came in by a port of this bridge. */
export function wasOnPort(e: Prediction, bridge: u32): bool {
  const t = predicted(e);
  return t.in == <u16>bridge && t.physIn != 0;
}

/** Whether an evaluated packet came in by this VLAN device. */
export function wasTagged(e: Prediction, device: u32): bool {
  const t = predicted(e);
  return <u32>t.in == device || <u32>t.physIn == device;
}

/**
 * Whether the frame is a bridged packet that was predicted to leave by its own port, translated.
 */
export function turnedBack(p: Packet, e: Prediction, port: u32): bool {
  const t = predicted(e);
  if (t.path != PATH_BRIDGE || <u32>t.physIn != port || <u32>t.physOut != port) return false;
  return isAsPredicted(e, p);
}

/** Whether the frame is a broadcast or multicast that comes back out by its own port, once. */
export function floodedBack(p: Packet, e: Prediction, port: u32): bool {
  if (p.pktType != PACKET_BROADCAST && p.pktType != PACKET_MULTICAST) return false;
  if (<u32>predicted(e).physIn != port || e.cameBack != 0) return false;
  e.cameBack = 1;
  return true;
}

/** A further sighting of a packet inside the host: on its bridge, or back in on the loopback. */
export function observeInside(e: Prediction, frame: u64, result: usize): void {
  count(STAT_OBSERVED);
  if (result != 0) writeObserved(e, frame, result, 0);
}

/** A sighting of an evaluated packet as it leaves: is it as predicted? */
export function observeLeaving(
  newest: Prediction,
  p: Packet,
  r: FrameRecord,
  frame: u64,
  result: usize,
): void {
  count(STAT_OBSERVED);
  const bridge = bridgeOf(r.iface);
  let what: u32 = 0;
  let e = newest;
  if (!isAsPredicted(e, p) && !isCopy(p, e)) {
    const fulfilled = fulfilledBy(p, e);
    if (fulfilled != 0) e = changetype<Prediction>(fulfilled);
  }
  const t = predicted(e);
  if (t.verdict != VERDICT_ACCEPT) what = DIFFERENCE_DROPPED;
  else if (t.out != r.iface && <u32>t.out != bridge) what = DIFFERENCE_INTERFACE;
  else if (!isAsPredicted(e, p) && !isCopy(p, e)) what = DIFFERENCE_ADDRESS;
  e.seen++;
  if (what == 0) {
    if (e.seen == 1) count(STAT_OBSERVED_EXACT);
  } else if (e.seen == 1) {
    count(STAT_OBSERVED_DIFFERENT);
    noteDifference(frame, e.frame, what, r.iface, t.out);
  }
  if (result != 0) writeObserved(e, frame, result, what == 0 ? 0 : RESULT_DIFFERS);
}

/** Whether the frame is the copy that a promiscuous bridge forwarded. */
function isCopy(p: Packet, e: Prediction): bool {
  if (e.copySrc == 0 || p.src != e.copySrc || p.dst != e.dst) return false;
  return p.sport == e.copySport && p.dport == e.dport;
}
