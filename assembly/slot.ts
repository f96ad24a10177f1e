/**
 * A slot of the ring: a stretch of capture bytes, the frames decoded from it, and the results.
 * One worker at a time runs the front (decode) over the next slot, in order; then every worker
 * judges the frames it owns. Shared memory, allocated once by the embedder's first instance.
 */
@unmanaged
export class Slot {
  data: u32; // start of the data area; SLOT_HEADROOM_BYTES of room before it
  dataStart: u32; // first byte to decode (in the headroom when a tail was carried over)
  dataEnd: u32; // one past the last byte
  frames: u32; // FrameRecord array, SLOT_MAX_FRAMES
  results: u32; // ResultRecord array, or 0 when per-packet results are not asked for
  reassembly: u32; // SLOT_REASSEMBLY_BYTES for whole datagrams
  frameCount: u32; // set by the front
  last: u32; // 1: the capture ends with this slot
  firstFrame: u64; // number of the first frame, 1-based
  fileOffset: u64; // offset in the (decompressed) capture of dataStart
  status: u32; // 0 or CAPTURE_* : why the walk stopped for good in this slot
  need: u32; // with status: bytes needed and had
  have: u32;
  consumed: u32; // bytes from dataStart that were decoded; the rest is carried to the next slot
  faultOffset: u64; // with status: offset in the capture of the record that is at fault
  owners: u32; // u8 per frame: the worker that judges it; SLOT_MAX_FRAMES, and room for a vector
  pad: u32;
}

/** What happened to one frame. 64 bytes; written only when the embedder asks for results. */
@unmanaged
export class ResultRecord {
  role: u8;
  path: u8;
  verdict: u8; // VERDICT_ACCEPT, DROP, REJECT, QUEUE or NONE
  reason: u8;
  klass: u8; // CLASS_*
  ctState: u8; // CT_* or RESULT_CT_NONE
  in: u16;
  out: u16;
  flags: u16; // RESULT_*
  decidedBy: u32; // counter id, with reason rule or policy; else NONE
  natSport: u16;
  natDport: u16;
  physIn: u16;
  physOut: u16;
  reserved: u32;
  injected: u32; // frames back to the inject that this sighting belongs to; 0: none
}
export const RESULT_NAT_SRC: usize = 32; // 16 bytes, image form
export const RESULT_NAT_DST: usize = 48;

/**
 * One distinct way through the rules: every packet that hit the same counters with the same outcome
 * shares it, so a packet costs one increment here instead of one per rule. 64 bytes, per worker.
 */
@unmanaged
export class Traversal {
  packets: u64;
  bytes: u64; // IP length on arrival
  connections: u64; // packets that would begin or began a connection
  path: u8;
  verdict: u8;
  reason: u8;
  klass: u8;
  in: u16;
  out: u16;
  decidedBy: u32; // counter id or NONE
  natFlags: u8;
  ctState: u8;
  family: u8;
  flags: u8;
  srcNetwork: u16;
  dstNetwork: u16;
  hits: u32; // address of {counter id u32, i32 length difference} pairs
  hitCount: u32;
  hash: u32;
  next: u32;
  physIn: u16;
  physOut: u16;
}
