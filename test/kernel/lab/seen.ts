/** Frames and packets of the lab, read back. */

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const ICMPV6 = 58;
export const GRE = 47;
export const ESP = 50;
export const SCTP = 132;
export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
export const URG = 32;

const FRAGMENT_HEADER = 44;
const ECHOES = [0, 8, 128, 129];

/** As the kernel and dockfw write addresses (RFC 5952). */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  const runs = groups.join(':').match(/(^|:)0(:0)+(:|$)/g) ?? [];
  const longest = runs.reduce((a, b) => (b.length > a.length ? b : a), '');
  return longest === '' ? groups.join(':') : groups.join(':').replace(longest, '::');
}

/** What can be read of a packet that left the host or was delivered. */
export interface Seen {
  readonly family: 4 | 6;
  readonly src: string;
  readonly dst: string;
  readonly proto: number;
  readonly ttl: number;
  /** Fragment offset in bytes. */
  readonly frag: number;
  readonly sport: number | null;
  readonly dport: number | null;
  readonly icmpId: number | null;
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  /** Bytes behind the transport header. */
  readonly payload: number;
  /** The IP packet. */
  readonly bytes: Uint8Array;
}

/** Reads an IP packet; null when it is none. */
export function readIp(bytes: Uint8Array): Seen | null {
  const version = (bytes[0] ?? 0) >> 4;
  if (version !== 4 && version !== 6) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at: number;
  let proto: number;
  let frag = 0;
  if (version === 4) {
    at = ((bytes[0] ?? 0) & 15) * 4;
    proto = bytes[9] ?? 0;
    frag = (view.getUint16(6) & 0x1fff) * 8;
  } else {
    at = 40;
    proto = bytes[6] ?? 0;
    while ([0, 43, 44, 60].includes(proto) && at + 8 <= bytes.length) {
      const following = bytes[at] ?? 0;
      if (proto === FRAGMENT_HEADER) frag = view.getUint16(at + 2) & 0xfff8;
      at += proto === FRAGMENT_HEADER ? 8 : ((bytes[at + 1] ?? 0) + 1) * 8;
      proto = following;
    }
  }
  const has = (count: number): boolean => frag === 0 && at + count <= bytes.length;
  const hasPorts = [TCP, UDP, SCTP].includes(proto) && has(4);
  const isEcho = [ICMP, ICMPV6].includes(proto) && has(8) && ECHOES.includes(bytes[at] ?? 255);
  const isTcp = proto === TCP && has(20);
  const head = isTcp ? ((bytes[at + 12] ?? 0) >> 4) * 4 : 8;
  return {
    family: version,
    src: addressText(version === 4 ? bytes.subarray(12, 16) : bytes.subarray(8, 24)),
    dst: addressText(version === 4 ? bytes.subarray(16, 20) : bytes.subarray(24, 40)),
    proto,
    ttl: bytes[version === 4 ? 8 : 7] ?? 0,
    frag,
    sport: hasPorts ? view.getUint16(at) : null,
    dport: hasPorts ? view.getUint16(at + 2) : null,
    icmpId: isEcho ? view.getUint16(at + 4) : null,
    type: has(1) ? (bytes[at] ?? 0) : 0,
    flags: isTcp ? (bytes[at + 13] ?? 0) : 0,
    seq: isTcp ? view.getUint32(at + 4) : 0,
    ack: isTcp ? view.getUint32(at + 8) : 0,
    payload: Math.max(0, bytes.length - at - head),
    bytes,
  };
}

/** Destination and source MAC of a frame, and its IP packet; null when there is none. */
export function readEthernet(frame: Uint8Array): { to: string; from: string; ip: Seen | null } {
  const mac = (at: number): string =>
    [...frame.subarray(at, at + 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
  const tagged = frame[12] === 0x81 && frame[13] === 0;
  return { to: mac(0), from: mac(6), ip: readIp(frame.subarray(tagged ? 18 : 14)) };
}
