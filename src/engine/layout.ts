/**
 * Byte offsets of the core's structs, as assembly/slot.ts, packet.ts and observe/difference.ts lay
 * them out. test/engine/layout.test.ts compares them with the compiler's.
 */
export const SLOT = {
  data: 0,
  dataStart: 4,
  dataEnd: 8,
  frames: 12,
  results: 16,
  frameCount: 24,
  last: 28,
  firstFrame: 32,
  fileOffset: 40,
  status: 48,
  need: 52,
  have: 56,
  consumed: 60,
  faultOffset: 64,
} as const;

export const FRAME = {
  tsNanos: 0,
  l3: 12,
  capLen: 16,
  frameLen: 20,
  ipLen: 24,
  src: 28,
  dst: 32,
  sport: 36,
  dport: 38,
  l4Off: 40,
  iface: 42,
  family: 46,
  proto: 47,
  flags: 54,
  fault: 56,
  icmp: 57,
} as const;

export const RESULT = {
  role: 0,
  path: 1,
  verdict: 2,
  reason: 3,
  klass: 4,
  ctState: 5,
  in: 6,
  out: 8,
  flags: 10,
  decidedBy: 12,
  natSport: 16,
  natDport: 18,
  physIn: 20,
  physOut: 22,
  injected: 28,
  natSrc: 32,
  natDst: 48,
} as const;

export const TRAVERSAL = {
  packets: 0,
  bytes: 8,
  connections: 16,
  path: 24,
  verdict: 25,
  reason: 26,
  klass: 27,
  in: 28,
  out: 30,
  decidedBy: 32,
  natFlags: 36,
  ctState: 37,
  family: 38,
  srcNetwork: 40,
  dstNetwork: 42,
  hits: 44,
  hitCount: 48,
} as const;

export const DIFFERENCE = {
  frame: 0,
  injected: 8,
  what: 16,
  seenOn: 20,
  predicted: 22,
} as const;
