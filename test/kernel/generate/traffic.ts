/** Random traffic of the lab: connections, and everything that is not part of one. */
import type { Random } from '../../oracle/random.ts';
import type { Injection } from '../lab/client.ts';
import type { Shot } from '../lab/question.ts';
import {
  ESP,
  GRE,
  ICMP,
  ICMPV6,
  readEthernet,
  SCTP,
  type Seen,
  SYN,
  TCP,
  UDP,
} from '../lab/seen.ts';
import { Conversation } from './conversation.ts';
import { ethernet, ipBytes, type Packet, packet, transport } from './frame.ts';
import { macFor, place, shot } from './place.ts';
import { CONTAINERS, type Family, OWN, STATIONS, type Station, stationAt } from './topology.ts';
import { anyAddress, CLIENT_PORTS, SERVER_PORTS } from './values.ts';

interface Sighting {
  readonly station: Station;
  readonly seen: Seen;
}

const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';
const MARTIANS: Readonly<Record<Family, readonly string[]>> = {
  4: ['127.0.0.1', '0.0.0.0', '255.255.255.255', '224.0.0.5', '240.0.0.1', '0.1.2.3'],
  6: ['::1', 'ff02::1', 'ff05::1:3'],
};
const IP_OPTIONS = Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 0); // record route

export class Traffic {
  readonly #random: Random;
  readonly #families: readonly Family[];
  readonly #open: Conversation[] = [];
  readonly #sightings: Sighting[] = [];
  #datagrams = 0;
  #asked: Conversation | null = null;

  constructor(random: Random, families: readonly Family[]) {
    this.#random = random;
    this.#families = families;
  }

  /** The next frames; each is followed by learn(). */
  next(): Shot[] {
    const random = this.#random;
    this.#asked = null;
    if (random.chance(0.72)) {
      if (this.#open.length < 3 || random.chance(0.2)) this.#open.push(this.#begin());
      if (this.#open.length > 12) this.#open.shift();
      const conversation = random.pick(this.#open);
      const sending = conversation.next();
      if (sending.fromClient) this.#asked = conversation;
      return [shot(sending.station, sending.packet, 'conversation')];
    }
    return this.#oddity();
  }

  /** What came of the frame. */
  learn(shot: Shot, { egress }: Injection): void {
    const sent = readEthernet(shot.frame).ip;
    for (const { iface, frame } of egress) {
      const { to, ip } = readEthernet(Buffer.from(frame, 'hex'));
      const station = stationAt(iface, to);
      if (ip === null || station === undefined || ip.frag !== 0) continue;
      // an answer to a port of the kernel's choice would be about a connection that nobody else has
      if (ip.sport !== sent?.sport || ip.icmpId !== sent.icmpId) continue;
      this.#sightings.push({ station, seen: ip });
      if (this.#sightings.length > 20) this.#sightings.shift();
      if (egress.length === 1) this.#asked?.learn(station, ip);
    }
  }

  #family(): Family {
    return this.#random.pick(this.#families);
  }

  #destination(family: Family): string {
    return this.#random.pick(this.#random.pick([OWN[family], anyAddress(family)]));
  }

  #begin(): Conversation {
    const random = this.#random;
    const family = this.#family();
    const echo = family === 4 ? ICMP : ICMPV6;
    return new Conversation(random, {
      family,
      proto: random.pick([TCP, TCP, TCP, UDP, UDP, echo, SCTP]),
      client: random.pick(STATIONS),
      dst: this.#destination(family),
      sport: random.pick(CLIENT_PORTS),
      dport: random.pick(SERVER_PORTS),
    });
  }

  #fresh(fields: Partial<Packet> = {}): { station: Station; packet: Packet } {
    const random = this.#random;
    const family = fields.family ?? this.#family();
    const station = random.pick(STATIONS);
    const made = packet({
      family,
      src: station.addresses[family],
      dst: this.#destination(family),
      proto: random.pick([TCP, UDP]),
      sport: random.pick(CLIENT_PORTS),
      dport: random.pick(SERVER_PORTS),
      flags: SYN,
      seq: random.int(0, 0x7fffffff),
      id: random.int(1, 65535),
      ...fields,
    });
    return { station, packet: made };
  }

  #oddity(): Shot[] {
    const random = this.#random;
    const family = this.#family();
    const one = (note: string, fields: Partial<Packet>): Shot[] => {
      const { station, packet: made } = this.#fresh({ family, ...fields });
      return [shot(station, made, note)];
    };
    return random.pick<() => Shot[]>([
      () => one('bad checksum', { badChecksum: true }),
      () => one('odd flags', { proto: TCP, flags: random.pick([0, 0x29, 3, 1, 4, 0x10, 0x12]) }),
      () => one('low TTL', { ttl: random.pick([0, 1, 2]) }),
      () => one('martian source', { src: random.pick(MARTIANS[family]) }),
      () => one('martian destination', { dst: random.pick(MARTIANS[family]) }),
      () => one('own source', { src: random.pick(OWN[family]) }),
      () => one('other protocol', { proto: random.pick([GRE, ESP, 253]), payload: PAYLOAD }),
      () => one('SCTP', { proto: SCTP, payload: Uint8Array.of(1, 0, 0, 4) }),
      () => one('options', family === 4 ? { options: IP_OPTIONS } : { extensions: this.#chain() }),
      () => this.#fragments(family),
      () => this.#fragments(family),
      () => this.#error(),
      () => this.#error(),
      () => this.#error(),
      () => this.#truncated(family),
      () => this.#group(family),
      () => this.#tagged(family),
      () => this.#elsewhere(family),
    ])();
  }

  #chain(): number[] {
    return this.#random.pick([[0], [60], [43], [0, 60], [0, 43], [60, 43]]);
  }

  /** A datagram in pieces: in order, out of order, one missing, overlapping. */
  #fragments(family: Family): Shot[] {
    const random = this.#random;
    const proto = random.pick([UDP, UDP, TCP, family === 4 ? ICMP : ICMPV6]);
    const payload = Uint8Array.from({ length: random.pick([60, 200]) }, (_, i) => i & 255);
    const echo = { type: family === 4 ? 8 : 128 };
    const whole = this.#fresh({ family, proto, payload, ...echo });
    const body = transport(whole.packet);
    const size = random.pick([24, 64, 104]);
    const pieces = [];
    for (let offset = 0; offset < body.length; offset += size) {
      const end = Math.min(body.length, offset + size);
      pieces.push({ offset, more: end < body.length, bytes: body.subarray(offset, end) });
    }
    const style = random.pick(['in order', 'in order', 'backwards', 'missing', 'overlapping']);
    if (style === 'backwards') pieces.reverse();
    if (style === 'missing') pieces.splice(random.int(0, pieces.length - 1), 1);
    if (style === 'overlapping' && pieces.length > 1) {
      pieces.splice(1, 0, { offset: 8, more: true, bytes: body.subarray(8, 24) });
    }
    const datagram = ++this.#datagrams;
    return pieces.map((piece) => ({
      ...place(whole.station, whole.packet, ipBytes(whole.packet, piece)),
      note: `fragment ${piece.offset}, ${style}`,
      datagram,
    }));
  }

  /** An ICMP error about something that left, from its receiver or a router there. */
  #error(): Shot[] {
    const random = this.#random;
    if (this.#sightings.length === 0) return [];
    const { station, seen } = random.pick(this.#sightings);
    const { family } = seen;
    const src = random.chance(0.5) ? seen.dst : station.addresses[family];
    const quoted = seen.bytes.subarray(0, random.pick([28, 48, 68, 400]));
    const [type, code] = random.pick<[number, number]>(
      family === 4
        ? [
            [3, 3],
            [3, 1],
            [11, 0],
            [3, 4],
            [5, 1],
            [12, 0],
          ]
        : [
            [1, 4],
            [3, 0],
            [2, 0],
          ],
    );
    const proto = family === 4 ? ICMP : ICMPV6;
    const fields = { family, proto, src, dst: seen.src, sport: 0, type, code, payload: quoted };
    const made = packet({ ...fields, badChecksum: random.chance(0.05) });
    return [shot(station, made, `ICMP error ${type}/${code}`)];
  }

  #truncated(family: Family): Shot[] {
    const random = this.#random;
    const { station, packet: made } = this.#fresh({ family });
    const body = transport(made).subarray(0, random.pick([0, 2, 4, 7, 12, 19]));
    const bare = { ...made, proto: 254, payload: body }; // written as it is
    const bytes = ipBytes(bare);
    bytes[family === 4 ? 9 : 6] = made.proto;
    if (family === 4) fixHeaderSum(bytes);
    return [{ ...place(station, made, bytes), note: `transport header of ${body.length} bytes` }];
  }

  #group(family: Family): Shot[] {
    const random = this.#random;
    const { station, packet: made } = this.#fresh({ family, proto: UDP });
    const [mac, dst] = random.pick<[string, string]>(
      family === 4
        ? [
            [BROADCAST_MAC, '255.255.255.255'],
            [BROADCAST_MAC, station.bridge === 'docker0' ? '172.17.255.255' : '192.168.1.255'],
            ['01:00:5e:00:00:fb', '224.0.0.251'],
            [BROADCAST_MAC, made.dst],
          ]
        : [['33:33:00:00:00:fb', 'ff02::fb']],
    );
    const frame = ethernet(mac, station.mac, ipBytes({ ...made, dst }));
    return [{ iface: station.iface, frame, note: 'broadcast or multicast' }];
  }

  #tagged(family: Family): Shot[] {
    const station = this.#random.pick(CONTAINERS);
    const { packet: made } = this.#fresh({ family, src: station.addresses[family] });
    const frame = ethernet(macFor(station, made), station.mac, ipBytes(made), 100);
    return [{ iface: station.iface, frame, note: '802.1Q' }];
  }

  /** To a MAC that is not the host's. */
  #elsewhere(family: Family): Shot[] {
    const { station, packet: made } = this.#fresh({ family });
    const frame = ethernet('02:00:00:00:00:99', station.mac, ipBytes(made));
    return [{ iface: station.iface, frame, note: 'to another MAC' }];
  }
}

const PAYLOAD = Uint8Array.from({ length: 24 }, (_, i) => i * 3);

function fixHeaderSum(bytes: Uint8Array): void {
  bytes.set([0, 0], 10);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  bytes.set([(~sum >> 8) & 255, ~sum & 255], 10);
}
