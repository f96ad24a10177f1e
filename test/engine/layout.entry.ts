import { FrameRecord } from '../../assembly/packet';
import { ResultRecord, RESULT_NAT_DST, RESULT_NAT_SRC, Slot, Traversal } from '../../assembly/slot';

/** Offsets in the order of layout.test.ts. */
export function slot(field: i32): usize {
  switch (field) {
    case 0: return offsetof<Slot>('data');
    case 1: return offsetof<Slot>('dataStart');
    case 2: return offsetof<Slot>('dataEnd');
    case 3: return offsetof<Slot>('frames');
    case 4: return offsetof<Slot>('results');
    case 5: return offsetof<Slot>('frameCount');
    case 6: return offsetof<Slot>('last');
    case 7: return offsetof<Slot>('firstFrame');
    case 8: return offsetof<Slot>('fileOffset');
    case 9: return offsetof<Slot>('status');
    case 10: return offsetof<Slot>('need');
    case 11: return offsetof<Slot>('have');
    case 12: return offsetof<Slot>('consumed');
    case 13: return offsetof<Slot>('faultOffset');
  }
  return offsetof<Slot>();
}

export function frame(field: i32): usize {
  switch (field) {
    case 0: return offsetof<FrameRecord>('tsNanos');
    case 1: return offsetof<FrameRecord>('l3');
    case 2: return offsetof<FrameRecord>('capLen');
    case 3: return offsetof<FrameRecord>('frameLen');
    case 4: return offsetof<FrameRecord>('ipLen');
    case 5: return offsetof<FrameRecord>('src');
    case 6: return offsetof<FrameRecord>('dst');
    case 7: return offsetof<FrameRecord>('sport');
    case 8: return offsetof<FrameRecord>('dport');
    case 9: return offsetof<FrameRecord>('l4Off');
    case 10: return offsetof<FrameRecord>('iface');
    case 11: return offsetof<FrameRecord>('family');
    case 12: return offsetof<FrameRecord>('proto');
    case 13: return offsetof<FrameRecord>('flags');
    case 14: return offsetof<FrameRecord>('fault');
    case 15: return offsetof<FrameRecord>('icmp');
  }
  return offsetof<FrameRecord>();
}

export function result(field: i32): usize {
  switch (field) {
    case 0: return offsetof<ResultRecord>('role');
    case 1: return offsetof<ResultRecord>('path');
    case 2: return offsetof<ResultRecord>('verdict');
    case 3: return offsetof<ResultRecord>('reason');
    case 4: return offsetof<ResultRecord>('klass');
    case 5: return offsetof<ResultRecord>('ctState');
    case 6: return offsetof<ResultRecord>('in');
    case 7: return offsetof<ResultRecord>('out');
    case 8: return offsetof<ResultRecord>('flags');
    case 9: return offsetof<ResultRecord>('decidedBy');
    case 10: return offsetof<ResultRecord>('natSport');
    case 11: return offsetof<ResultRecord>('natDport');
    case 12: return offsetof<ResultRecord>('physIn');
    case 13: return offsetof<ResultRecord>('physOut');
    case 14: return offsetof<ResultRecord>('injected');
    case 15: return RESULT_NAT_SRC;
    case 16: return RESULT_NAT_DST;
  }
  return offsetof<ResultRecord>();
}

export function traversal(field: i32): usize {
  switch (field) {
    case 0: return offsetof<Traversal>('packets');
    case 1: return offsetof<Traversal>('bytes');
    case 2: return offsetof<Traversal>('connections');
    case 3: return offsetof<Traversal>('path');
    case 4: return offsetof<Traversal>('verdict');
    case 5: return offsetof<Traversal>('reason');
    case 6: return offsetof<Traversal>('klass');
    case 7: return offsetof<Traversal>('in');
    case 8: return offsetof<Traversal>('out');
    case 9: return offsetof<Traversal>('decidedBy');
    case 10: return offsetof<Traversal>('natFlags');
    case 11: return offsetof<Traversal>('ctState');
    case 12: return offsetof<Traversal>('family');
    case 13: return offsetof<Traversal>('srcNetwork');
    case 14: return offsetof<Traversal>('dstNetwork');
    case 15: return offsetof<Traversal>('hits');
    case 16: return offsetof<Traversal>('hitCount');
  }
  return offsetof<Traversal>();
}
