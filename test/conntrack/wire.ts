/** Hand-made IP packets. */

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
export const URG = 32;
export const ECE = 64;
export const CWR = 128;

export interface Segment {
  readonly flags: number;
  readonly seq: number;
  readonly ack?: number;
  readonly win?: number;
  readonly length?: number;
  /** Options as bytes; padded to four. */
  readonly options?: readonly number[];
}

function sum(bytes: Uint8Array, start = 0): number {
  let total = start;
  for (let i = 0; i < bytes.length; i += 2) total += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 65536);
  return total;
}

export function addressBytes(text: string): Uint8Array {
  if (!text.includes(':')) return Uint8Array.from(text.split('.').map(Number));
  const [head = '', tail] = text.split('::');
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const all = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 255]));
}

export function addressText(bytes: Uint8Array, v4: boolean): string {
  if (v4) return bytes.subarray(0, 4).join('.');
  const words: string[] = [];
  for (let i = 0; i < 16; i += 2) {
    words.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  }
  return words
    .join(':')
    .replace(/(^|:)(0:)+0(:|$)/, '::')
    .replace(/(^|:)(0:){2,}/, '::');
}

/** An IP packet around a transport payload whose checksum lies at `checksumAt` (-1: none). */
export function ip(
  src: string,
  dst: string,
  proto: number,
  payload: Uint8Array,
  checksumAt = -1,
): Uint8Array {
  const v4 = !src.includes(':');
  const from = addressBytes(src);
  const to = addressBytes(dst);
  if (checksumAt >= 0) {
    const pseudo = proto === 1 ? 0 : sum(from) + sum(to) + proto + payload.length;
    const check = ~sum(payload, pseudo) & 0xffff;
    new DataView(payload.buffer, payload.byteOffset).setUint16(
      checksumAt,
      check === 0 ? 0xffff : check,
    );
  }
  const header = new Uint8Array(v4 ? 20 : 40);
  const view = new DataView(header.buffer);
  if (v4) {
    header[0] = 0x45;
    view.setUint16(2, 20 + payload.length);
    header[8] = 64;
    header[9] = proto;
    header.set(from, 12);
    header.set(to, 16);
    view.setUint16(10, ~sum(header) & 0xffff);
  } else {
    header[0] = 0x60;
    view.setUint16(4, payload.length);
    header[6] = proto;
    header[7] = 64;
    header.set(from, 8);
    header.set(to, 24);
  }
  return Uint8Array.from([...header, ...payload]);
}

export function tcp(
  src: string,
  dst: string,
  sport: number,
  dport: number,
  s: Segment,
): Uint8Array {
  const options = [...(s.options ?? [])];
  while (options.length % 4 !== 0) options.push(1);
  const header = 20 + options.length;
  const bytes = new Uint8Array(header + (s.length ?? 0));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sport);
  view.setUint16(2, dport);
  view.setUint32(4, s.seq >>> 0);
  view.setUint32(8, (s.ack ?? 0) >>> 0);
  bytes[12] = (header / 4) << 4;
  bytes[13] = s.flags;
  view.setUint16(14, s.win ?? 65535);
  bytes.set(options, 20);
  return ip(src, dst, 6, bytes, 16);
}

export function udp(
  src: string,
  dst: string,
  sport: number,
  dport: number,
  length = 4,
): Uint8Array {
  const bytes = new Uint8Array(8 + length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sport);
  view.setUint16(2, dport);
  view.setUint16(4, 8 + length);
  return ip(src, dst, 17, bytes, 6);
}

export function icmp(
  src: string,
  dst: string,
  type: number,
  code: number,
  id: number,
  quoted: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const bytes = new Uint8Array(8 + quoted.length);
  bytes[0] = type;
  bytes[1] = code;
  new DataView(bytes.buffer).setUint16(4, id);
  bytes.set(quoted, 8);
  return ip(src, dst, src.includes(':') ? 58 : 1, bytes, 2);
}
