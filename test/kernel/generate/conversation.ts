/**
 * Connections of the lab. The client's side is made up; the server's side answers what it saw come
 * out of the host, so that it speaks to whatever the rules made of the client.
 */
import type { Random } from '../../oracle/random.ts';
import { ACK, FIN, ICMP, ICMPV6, PSH, RST, type Seen, SYN, TCP, URG } from '../lab/seen.ts';
import { EMPTY, type Packet, packet } from './frame.ts';
import type { Family, Station } from './topology.ts';
import { PAYLOADS, TOSES } from './values.ts';

export interface Sending {
  readonly station: Station;
  readonly packet: Packet;
  /** What the client's packets look like on the other side is learned from this one. */
  readonly fromClient: boolean;
}

interface Server {
  readonly station: Station;
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
}

const SYN_OPTIONS: readonly Uint8Array[] = [
  EMPTY,
  Uint8Array.of(2, 4, 5, 180), // MSS 1460
  Uint8Array.of(2, 4, 5, 180, 4, 2, 1, 1), // and SACK
  Uint8Array.of(2, 4, 5, 180, 1, 3, 3, 7, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0), // and scale, time
];
const TIMESTAMP = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 2, 0, 0, 0, 1);

export interface Parties {
  readonly family: Family;
  readonly proto: number;
  readonly client: Station;
  /** As the client addresses the server. */
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
}

export class Conversation {
  readonly #random: Random;
  readonly #parties: Parties;
  #server: Server | null = null;
  /** Next sequence numbers of client and server. */
  readonly #next: [number, number];
  #steps = 0;
  #last: Sending | null = null;
  #timestamps = false;

  constructor(random: Random, parties: Parties) {
    this.#random = random;
    this.#parties = parties;
    this.#next = [random.int(1, 0x7fffffff), random.int(1, 0x7fffffff)];
  }

  /** The client's packet came out like this at `station`. */
  learn(station: Station, seen: Seen): void {
    const { sport, proto } = this.#parties;
    const isEcho = proto === ICMP || proto === ICMPV6;
    const from = isEcho ? seen.icmpId : seen.sport;
    if (from !== sport || seen.proto !== proto) return; // the host chose another: not ours to know
    const to = isEcho ? sport : (seen.dport ?? 0);
    this.#server = { station, src: seen.dst, dst: seen.src, sport: to, dport: from };
  }

  next(): Sending {
    const sending = this.#choose();
    this.#last = sending;
    this.#steps++;
    return sending;
  }

  #choose(): Sending {
    const random = this.#random;
    if (this.#last !== null && random.chance(0.06)) return this.#last; // once more
    if (this.#parties.proto === TCP) return this.#tcp();
    const byServer = this.#server !== null && random.chance(0.5);
    return this.#send(byServer, { payload: this.#payload() });
  }

  #payload(): Uint8Array {
    return Uint8Array.from({ length: this.#random.pick(PAYLOADS) }, (_, i) => (i * 7 + 1) & 255);
  }

  #send(byServer: boolean, fields: Partial<Packet>): Sending {
    const random = this.#random;
    const { family, proto, client, dst, sport, dport } = this.#parties;
    const server = this.#server;
    const common = {
      family,
      proto,
      ttl: random.chance(0.85) ? 64 : random.pick([1, 2, 3, 128, 255]),
      tos: random.pick(TOSES),
      id: random.int(1, 65535),
      badChecksum: random.chance(0.015),
      ...this.#icmp(byServer),
      ...fields,
    };
    if (byServer && server !== null) {
      const { src, dst: to, sport: from, dport: port, station } = server;
      const made = packet({ ...common, src, dst: to, sport: from, dport: port });
      return { station, packet: made, fromClient: false };
    }
    const src = client.addresses[family];
    const made = packet({ ...common, src, dst, sport, dport });
    return { station: client, packet: made, fromClient: true };
  }

  #icmp(byServer: boolean): Partial<Packet> {
    const { proto } = this.#parties;
    if (proto === ICMP) return { type: byServer ? 0 : 8 };
    return proto === ICMPV6 ? { type: byServer ? 129 : 128 } : {};
  }

  /** A segment of one side, with what it has to say. */
  #segment(byServer: boolean, flags: number, fields: Partial<Packet> = {}): Sending {
    const me = byServer ? 1 : 0;
    const seq = this.#next[me] ?? 0;
    const ack = flags & ACK ? (this.#next[1 - me] ?? 0) : 0;
    const options = this.#timestamps && !(flags & SYN) ? TIMESTAMP : EMPTY;
    const sending = this.#send(byServer, { flags, seq, ack, tcpOptions: options, ...fields });
    const { payload } = sending.packet;
    const used = payload.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
    if (fields.seq === undefined) this.#next[me] = (seq + used) >>> 0;
    return sending;
  }

  #tcp(): Sending {
    const random = this.#random;
    const known = this.#server !== null;
    if (this.#steps === 0) return this.#opening();
    if (this.#steps === 1 && known) {
      return this.#segment(true, SYN | ACK, { tcpOptions: random.pick(SYN_OPTIONS) });
    }
    if (this.#steps === 2) return this.#segment(false, ACK);
    const byServer = known && random.chance(0.5);
    if (random.chance(0.2)) return this.#strange(byServer);
    if (random.chance(0.12)) return this.#segment(byServer, FIN | ACK);
    if (random.chance(0.05)) return this.#segment(byServer, RST | ACK);
    return this.#segment(byServer, PSH | ACK, { payload: this.#payload() });
  }

  #opening(): Sending {
    const random = this.#random;
    if (random.chance(0.1)) return this.#segment(false, PSH | ACK, { payload: this.#payload() });
    const tcpOptions = random.pick(SYN_OPTIONS);
    this.#timestamps = tcpOptions.length === 20;
    return this.#segment(false, random.chance(0.95) ? SYN : SYN | 0xc0, { tcpOptions });
  }

  /** Segments that are not in order. */
  #strange(byServer: boolean): Sending {
    const me = byServer ? 1 : 0;
    const seq = this.#next[me] ?? 0;
    const other = this.#next[1 - me] ?? 0;
    const payload = this.#payload();
    const at = (offset: number): Partial<Packet> => ({ seq: (seq + offset) >>> 0, payload });
    return this.#random.pick<() => Sending>([
      () => this.#segment(byServer, PSH | ACK, at(1_000_000)),
      () => this.#segment(byServer, PSH | ACK, at(-200_000)),
      () => this.#segment(byServer, ACK, { seq: (seq - 1) >>> 0 }),
      () => this.#segment(byServer, ACK, { ack: (other + 500_000) >>> 0, seq }),
      () => this.#segment(byServer, ACK, { window: 0, seq }),
      () => this.#segment(byServer, RST, { seq: (seq + 100_000) >>> 0 }),
      () => this.#segment(byServer, RST, { seq }),
      () => this.#segment(byServer, SYN, { seq: (seq + 70_000) >>> 0 }),
      () => this.#segment(byServer, SYN | ACK, { seq }),
      () => this.#segment(byServer, 0, { seq }),
      () => this.#segment(byServer, FIN | PSH | URG, { seq }),
      () => this.#segment(byServer, SYN | FIN, { seq }),
      () => this.#segment(byServer, FIN, { seq }),
      () => this.#segment(byServer, ACK, { seq, tcpOptions: sack(other + 10, other + 60) }),
    ])();
  }
}

function sack(left: number, right: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  bytes.set([1, 1, 5, 10]);
  view.setUint32(4, left >>> 0);
  view.setUint32(8, right >>> 0);
  return bytes;
}
