/** Packets as a pcapng file: an interface block per ingress interface, nanoseconds, inbound. */
import { type Arrival, frameOf } from './packet.ts';

const START_NANOS = 1_795_000_000_000_000_000n;
const INBOUND = 1;

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
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  let at = 8;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  view.setUint32(at, length, true);
  return bytes;
}

function words(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

const END_OF_OPTIONS = new Uint8Array(4);

export function pcapng(arrivals: readonly Arrival[]): Uint8Array {
  const names = [...new Set(arrivals.map((arrival) => arrival.in))].sort();
  const ethernet = words(1, 0); // LINKTYPE_ETHERNET, no snap length
  const nanoseconds = option(9, Uint8Array.of(9));
  const interfaces = names.map((name) =>
    block(1, ethernet, option(2, new TextEncoder().encode(name)), nanoseconds, END_OF_OPTIONS),
  );
  const packets = arrivals.map((arrival) => {
    const frame = frameOf(arrival);
    const nanos = START_NANOS + BigInt(Math.round(arrival.timeSec * 1000)) * 1_000_000n;
    const padded = new Uint8Array(Math.ceil(frame.length / 4) * 4);
    padded.set(frame);
    const head = words(
      names.indexOf(arrival.in),
      Number(nanos >> 32n),
      Number(nanos & 0xffffffffn),
      frame.length,
      frame.length,
    );
    return block(6, head, padded, option(2, words(INBOUND)), END_OF_OPTIONS);
  });
  const section = block(0x0a0d0d0a, words(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff));
  return Buffer.concat([section, ...interfaces, ...packets]);
}
