/**
 * The role of a frame: the first sighting of a packet, which is evaluated, a further one, which is
 * compared with the prediction, or nothing that the host looks at.
 */
import {
  DIRECTION_OUT,
  FAULT_LINK_TYPE,
  FAULT_NONE,
  FAULT_NOT_IP,
  FRAME_HELD,
  FRAME_VLAN_DEVICE,
  IFACE_BRIDGE,
  IFACE_HAIRPIN,
  IFACE_LOOPBACK,
  REASON_FRAGMENT,
  REASON_MALFORMED,
  REASON_NOT_HOST,
  REASON_NOT_IP,
  ROLE_IGNORE,
  ROLE_INJECT,
  VERDICT_DROP,
} from '../abi';
import { ifaceAt } from '../host';
import { fingerprint } from '../observe/fingerprint';
import { findPrediction, predicted, Prediction } from '../observe/pending';
import { FrameRecord, Packet } from '../packet';
import { bridgedFrom, fromSomePort } from '../pipeline/bridged';
import { ResultRecord } from '../slot';
import { isSeenBelow } from '../wire/index';
import { conclude, ignoreAt } from './book';
import { arrive, beginOnPort, fill, leaving } from './entry';
import {
  floodedBack,
  observeInside,
  observeLeaving,
  turnedBack,
  wasOnPort,
  wasTagged,
} from './sighting';

export function judgeFrame(p: Packet, r: FrameRecord, frame: u64, result: usize): void {
  if (r.fault != FAULT_NONE) return faulty(r, result);
  if (r.flags & FRAME_HELD) return ignore(r, result, REASON_FRAGMENT, ROLE_INJECT);
  if (r.iface == 0) return ignore(r, result, REASON_NOT_HOST, ROLE_IGNORE);
  fill(p, r, frame);
  const iface = ifaceAt(r.iface);
  const print = fingerprint(p);
  if (r.direction == DIRECTION_OUT) {
    const found = findPrediction(print, p);
    if (found != 0) return observeLeaving(changetype<Prediction>(found), p, r, frame, result);
    return leaving(p, r, print, result);
  }
  if (iface.kind == IFACE_BRIDGE) {
    if (!isSeenBelow(r.iface, frame)) {
      const port = bridgedFrom(p, r.iface);
      if (port != 0) {
        beginOnPort(p, port);
        return conclude(p, fromSomePort(p, r.iface), print, 0, result);
      }
    } else {
      const found = findPrediction(print, p);
      if (found != 0 && wasOnPort(changetype<Prediction>(found), r.iface)) {
        return observeInside(changetype<Prediction>(found), frame, result);
      }
    }
  } else if (iface.kind == IFACE_LOOPBACK) {
    const found = findPrediction(print, p);
    if (found != 0 && predicted(changetype<Prediction>(found)).out == r.iface) {
      return observeInside(changetype<Prediction>(found), frame, result);
    }
    return leaving(p, r, print, result); // libpcap shows loopback packets once, coming in
  }
  if (iface.lower != 0 && !(r.flags & FRAME_VLAN_DEVICE) && isSeenBelow(r.iface, frame)) {
    // the VLAN device itself, where its tagged frames were seen below it
    const found = findPrediction(print, p);
    if (found != 0 && wasTagged(changetype<Prediction>(found), r.iface)) {
      return observeInside(changetype<Prediction>(found), frame, result);
    }
  }
  if (iface.flags & IFACE_HAIRPIN) {
    // back out by the port it came from: its source MAC makes it look like another arrival
    const found = findPrediction(print, p);
    if (found != 0 && turnedBack(p, changetype<Prediction>(found), r.iface)) {
      return observeLeaving(changetype<Prediction>(found), p, r, frame, result);
    }
    if (found != 0 && floodedBack(p, changetype<Prediction>(found), r.iface)) {
      return observeInside(changetype<Prediction>(found), frame, result);
    }
  }
  arrive(p, r.iface, print, result);
}

function faulty(r: FrameRecord, result: usize): void {
  if (r.fault == FAULT_NOT_IP || r.fault == FAULT_LINK_TYPE) {
    return ignore(r, result, REASON_NOT_IP, ROLE_IGNORE);
  }
  ignore(r, result, REASON_MALFORMED, ROLE_INJECT);
  if (result != 0) changetype<ResultRecord>(result).verdict = <u8>VERDICT_DROP;
}

function ignore(r: FrameRecord, result: usize, reason: u32, role: u32): void {
  ignoreAt(result, reason, role, r.iface);
}
