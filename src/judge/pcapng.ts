import { Buffer } from 'node:buffer';

const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const IF_NAME = 2;
const EPB_FLAGS = 2;
const END_OF_OPTIONS = 0;
export const LINKTYPE_ETHERNET = 1;
export const LINKTYPE_RAW = 101;
/** Time of the only frame; any will do. */
const SECONDS = 1_600_000_000n;

/** A frame on an interface. */
export interface Frame {
  readonly iface: string;
  readonly linkType: number;
  readonly direction: 'in' | 'out';
  readonly bytes: Uint8Array;
}

/** A pcapng file with one frame (draft-ietf-opsawg-pcapng §4). */
export function pcapngOf({ iface, linkType, direction, bytes }: Frame): Buffer {
  const section = Buffer.alloc(16);
  section.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
  section.writeUInt16LE(1, 4);
  section.writeBigInt64LE(-1n, 8);
  const description = Buffer.alloc(8);
  description.writeUInt16LE(linkType, 0);
  const packet = Buffer.alloc(20);
  const micros = SECONDS * 1_000_000n;
  packet.writeUInt32LE(Number(micros >> 32n), 4);
  packet.writeUInt32LE(Number(micros & 0xffffffffn), 8);
  packet.writeUInt32LE(bytes.length, 12);
  packet.writeUInt32LE(bytes.length, 16);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(direction === 'in' ? 1 : 2, 0);
  return Buffer.concat([
    block(SECTION_HEADER, [section]),
    block(INTERFACE_DESCRIPTION, [description, ...options([IF_NAME, Buffer.from(iface)])]),
    block(ENHANCED_PACKET, [packet, padded(bytes), ...options([EPB_FLAGS, flags])]),
  ]);
}

function block(type: number, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  const tail = Buffer.alloc(4);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(body.length + 12, 4);
  tail.writeUInt32LE(body.length + 12, 0);
  return Buffer.concat([head, body, tail]);
}

function options(...list: readonly (readonly [number, Uint8Array])[]): Uint8Array[] {
  const all = list.flatMap(([code, value]) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(code, 0);
    head.writeUInt16LE(value.length, 2);
    return [head, padded(value)];
  });
  return [...all, Buffer.from([END_OF_OPTIONS, 0, 0, 0])];
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
