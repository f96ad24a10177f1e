/** A pcapng of Ethernet frames that come in by named interfaces. */
export interface InboundFrame {
  readonly iface: string;
  readonly nanos: bigint;
  readonly bytes: Uint8Array;
}

const OPT_NAME = 2;
const OPT_TSRESOL = 9;
const OPT_FLAGS = 2;
const INBOUND = 1;

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

function option(code: number, value: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, padded(value)]);
}

function block(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const out = Buffer.alloc(12 + body.length);
  out.writeUInt32LE(type);
  out.writeUInt32LE(out.length, 4);
  out.set(body, 8);
  out.writeUInt32LE(out.length, out.length - 4);
  return out;
}

function words(...values: readonly number[]): Buffer {
  return Buffer.from(Uint32Array.from(values).buffer);
}

export function pcapngOf(
  interfaces: readonly string[],
  frames: readonly InboundFrame[],
): Uint8Array {
  const end = Buffer.alloc(4);
  const section = words(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff);
  const links = interfaces.map((name) =>
    block(
      1,
      words(1, 0),
      option(OPT_NAME, Buffer.from(name)),
      option(OPT_TSRESOL, Buffer.of(9)),
      end,
    ),
  );
  const packets = frames.map(({ iface, nanos, bytes }) => {
    const [high, low] = [Number(nanos >> 32n), Number(nanos & 0xffffffffn)];
    const head = words(interfaces.indexOf(iface), high, low, bytes.length, bytes.length);
    return block(6, head, padded(bytes), option(OPT_FLAGS, words(INBOUND)), end);
  });
  return Buffer.concat([block(0x0a0d0d0a, section), ...links, ...packets]);
}
