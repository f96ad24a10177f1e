/** Frames as a pcapng file: an interface block per ingress interface, nanoseconds, inbound. */
export interface InboundFrame {
  readonly iface: string;
  readonly frame: Uint8Array;
  /** Since the epoch. */
  readonly nanos: bigint;
}

const INBOUND = 1;
const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const ENHANCED_PACKET = 6;

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

function option(code: number, value: Uint8Array): Uint8Array {
  const padded = new Uint8Array(4 + Math.ceil(value.length / 4) * 4);
  const view = new DataView(padded.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.length, true);
  padded.set(value, 4);
  return padded;
}

/** A block: type, length, body, length again. */
function block(type: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = 12 + parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([words(type, length), ...parts, words(length)]);
}

const END_OF_OPTIONS = words(0);

export function inboundCapture(frames: readonly InboundFrame[]): Uint8Array {
  const names = [...new Set(frames.map(({ iface }) => iface))].sort();
  const ethernet = words(1, 0); // LINKTYPE_ETHERNET, no snap length
  const nanoseconds = option(9, Uint8Array.of(9));
  const section = block(SECTION, words(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff));
  const interfaces = names.map((name) => {
    const called = option(2, new TextEncoder().encode(name));
    return block(INTERFACE, ethernet, called, nanoseconds, END_OF_OPTIONS);
  });
  const packets = frames.map(({ iface, frame, nanos }) => {
    const time = [Number(nanos >> 32n), Number(nanos & 0xffffffffn)];
    const head = words(names.indexOf(iface), ...time, frame.length, frame.length);
    const padded = new Uint8Array(Math.ceil(frame.length / 4) * 4);
    padded.set(frame);
    const direction = option(2, words(INBOUND));
    return block(ENHANCED_PACKET, head, padded, direction, END_OF_OPTIONS);
  });
  return Buffer.concat([section, ...interfaces, ...packets]);
}
