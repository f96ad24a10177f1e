/**
 * Random packets for the small host: connections from every side to every other, their later
 * packets, replies to what the host let through, and a few that are broken.
 */
import type { Connection } from './connections.ts';
import {
  type Arrival,
  ECHO_REPLY,
  ECHO_REQUEST,
  ICMP,
  type PacketType,
  SYN,
  TCP,
  UDP,
} from './packet.ts';
import type { OracleOutcome } from './pipeline.ts';
import type { Random } from './random.ts';
import { ip, LINKS, linkOf } from './topology.ts';
import { CLIENT_PORTS, CONTAINERS, HOSTS, OWN, SERVER_PORTS, SOURCES, TTLS } from './values.ts';

/** Longer than any timeout of an unanswered or short connection. */
export const GAP_SEC = 1000;

export class Traffic {
  readonly #random: Random;
  readonly #recent: Arrival[] = [];
  /** Accepted originals that may be answered: what left, and by which interface. */
  readonly #open: {
    readonly connection: Connection;
    readonly out: string;
    readonly port: number;
  }[] = [];
  #timeSec = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Every known connection has timed out when the next packet comes. */
  pause(): void {
    this.#timeSec += GAP_SEC;
    this.#open.length = 0;
    this.#recent.length = 0;
  }

  next(): Arrival {
    const arrival = this.#choose();
    this.#timeSec += 0.001;
    if (this.#recent.length > 40) this.#recent.shift();
    this.#recent.push(arrival);
    return arrival;
  }

  #choose(): Arrival {
    const random = this.#random;
    if (this.#open.length > 0 && random.chance(0.25)) return this.#reply();
    if (this.#recent.length > 0 && random.chance(0.15)) {
      return { ...random.pick(this.#recent), timeSec: this.#timeSec };
    }
    return this.#fresh();
  }

  /** Tells what became of a packet, so that it may be answered. */
  learn({ packet, verdict, path, out }: OracleOutcome): void {
    const connection = packet.connection;
    const answered = verdict === 'accept' && path === 'forward' && packet.direction === 'original';
    if (!answered || connection === null || out === null) return;
    // a port of our own choice is not dockfw's; answers would miss its connection
    if (connection.chosen || packet.proto === TCP) return;
    if (this.#open.length > 60) this.#open.shift();
    this.#open.push({ connection, out, port: packet.dport });
  }

  #reply(): Arrival {
    const { connection, out } = this.#random.pick(this.#open);
    const { src, dst, sport, dport, proto } = connection.reply;
    return {
      ...this.#common(out),
      type: 'unicast',
      src,
      dst,
      proto,
      sport,
      dport,
      tcpFlags: 0,
      icmpType: proto === ICMP ? ECHO_REPLY : 0,
      badChecksum: this.#random.chance(0.03),
    };
  }

  #common(from: string): Pick<Arrival, 'timeSec' | 'in' | 'srcMac' | 'ttl' | 'tos' | 'payload'> {
    const random = this.#random;
    const last = random.pick(['fe', 'fd']);
    return {
      timeSec: this.#timeSec,
      in: from,
      srcMac: linkOf(from).mac.replace(/..$/, last),
      ttl: random.chance(0.7) ? 64 : random.pick(TTLS),
      tos: random.pick([0, 0, 0, 0x10, 0x28]),
      payload: random.pick([0, 0, 0, 1, 20, 400]),
    };
  }

  #destination(): { dst: string; type: PacketType } {
    const random = this.#random;
    if (random.chance(0.03)) {
      return { dst: random.pick(['192.168.1.255', '255.255.255.255']), type: 'broadcast' };
    }
    const type = random.chance(0.02) ? 'broadcast' : 'unicast';
    return { dst: random.pick(random.pick([OWN, OWN, CONTAINERS, SOURCES])), type };
  }

  #fresh(): Arrival {
    const random = this.#random;
    const from = random.pick(LINKS).name;
    const src = random.chance(0.02) ? random.pick(OWN) : random.pick(HOSTS[from] ?? OWN);
    const { dst, type } = this.#destination();
    const proto = random.pick([TCP, TCP, TCP, UDP, UDP, UDP, ICMP]);
    const id = random.pick(CLIENT_PORTS);
    const icmpType = random.chance(0.9) ? ECHO_REQUEST : ECHO_REPLY;
    return {
      ...this.#common(from),
      type,
      src: ip(src),
      dst: ip(dst),
      proto,
      sport: id,
      dport: proto === ICMP ? id : random.pick(SERVER_PORTS),
      tcpFlags: proto !== TCP ? 0 : random.chance(0.96) ? SYN : random.pick([0, 0x29]),
      icmpType: proto === ICMP ? icmpType : 0,
      badChecksum: random.chance(0.02),
    };
  }
}
