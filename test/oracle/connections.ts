/**
 * Connection tracking for what the oracle's traffic has: UDP both ways, echo both ways, TCP's SYN
 * alone. No timeouts but one: `expireAll`, for gaps longer than any of them.
 */
import { ECHO_REPLY, ECHO_REQUEST, ICMP, type Packet, TCP } from './packet.ts';
import type { Random } from './random.ts';
import { CLIENT_PORTS } from './values.ts';

/** ICMP: the id in both ports, and the type. */
export interface Tuple {
  readonly proto: number;
  readonly src: number;
  readonly dst: number;
  readonly sport: number;
  readonly dport: number;
  readonly icmpType: number;
}

export interface Connection {
  readonly original: Tuple;
  reply: Tuple;
  confirmed: boolean;
  seenReply: boolean;
  mark: number;
  /** NAT has decided about the destination, the source. */
  dstDone: boolean;
  srcDone: boolean;
  dstNat: boolean;
  srcNat: boolean;
  /** The interface MASQUERADE took the source's address of. */
  masqueradedOut: string | null;
  /** The source port is a free choice: dockfw's may be another one. */
  chosen: boolean;
  /** Even whether it moves at all hangs on a free choice, that of another of the same source. */
  open: boolean;
}

export function invert(tuple: Tuple): Tuple {
  const { proto, src, dst, sport, dport } = tuple;
  const icmpType = tuple.icmpType === ECHO_REQUEST ? ECHO_REPLY : ECHO_REQUEST;
  return { proto, src: dst, dst: src, sport: dport, dport: sport, icmpType };
}

function keyOf(tuple: Tuple): string {
  const type = tuple.proto === ICMP ? tuple.icmpType : '';
  const { proto, src, sport, dst, dport } = tuple;
  return [proto, src, sport, dst, dport, type].join(' ');
}

function tupleOf(packet: Packet): Tuple {
  const { proto, src, dst, sport, dport, arrival } = packet;
  return { proto, src, dst, sport, dport, icmpType: arrival.icmpType };
}

/** What a source or destination may become; null fields stay. */
export interface NatChoice {
  readonly address: number | null;
  readonly ports: { readonly min: number; readonly max: number } | null;
}

export class Connections {
  readonly #byTuple = new Map<string, Connection>();
  /** Confirmed connections, oldest first. */
  readonly #all: Connection[] = [];
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  expireAll(): void {
    this.#byTuple.clear();
    this.#all.length = 0;
  }

  /** nf_conntrack_in: gives the packet its connection, state and direction. */
  track(packet: Packet): void {
    const { arrival } = packet;
    const nonsense = arrival.proto === TCP && arrival.tcpFlags !== 2;
    if (arrival.badChecksum || nonsense) {
      packet.state = 'INVALID';
      return;
    }
    const tuple = tupleOf(packet);
    const known = this.#byTuple.get(keyOf(tuple));
    if (known !== undefined) {
      const reply = keyOf(known.original) !== keyOf(tuple);
      packet.connection = known;
      packet.direction = reply ? 'reply' : 'original';
      if (reply) known.seenReply = true;
      packet.state = known.seenReply ? 'ESTABLISHED' : 'NEW';
      return;
    }
    if (arrival.proto === ICMP && arrival.icmpType !== ECHO_REQUEST) {
      packet.state = 'INVALID';
      return;
    }
    packet.state = 'NEW';
    packet.connection = {
      original: tuple,
      reply: invert(tuple),
      confirmed: false,
      seenReply: false,
      mark: 0,
      dstDone: false,
      srcDone: false,
      dstNat: false,
      srcNat: false,
      masqueradedOut: null,
      chosen: false,
      open: false,
    };
  }

  /** The packet got through: its connection exists from now on. */
  confirm(packet: Packet): void {
    const connection = packet.connection;
    if (connection === null || connection.confirmed) return;
    connection.confirmed = true;
    this.#byTuple.set(keyOf(connection.original), connection);
    this.#byTuple.set(keyOf(connection.reply), connection);
    this.#all.push(connection);
  }

  /** The connection is no more: its packets leave another way than it was masqueraded for. */
  kill(connection: Connection): void {
    for (const tuple of [connection.original, connection.reply]) {
      if (this.#byTuple.get(keyOf(tuple)) === connection) this.#byTuple.delete(keyOf(tuple));
    }
    const at = this.#all.indexOf(connection);
    if (at >= 0) this.#all.splice(at, 1);
  }

  /** Sets the destination's mapping up (nf_nat_setup_info with NF_NAT_MANIP_DST). */
  mapDestination(connection: Connection, choice: NatChoice): void {
    const current = invert(connection.reply);
    const moved = { ...current, dst: choice.address ?? current.dst };
    connection.dstDone = true;
    if (connection.original.proto === ICMP) {
      // the id is the source's and the destination's: the lowest free one, should it be taken
      let id = moved.sport;
      for (let n = 0; this.#isUsed(withSourcePort(moved, id)); n++) id = n;
      this.#alter(connection, withSourcePort(moved, id), 'dst');
      return;
    }
    if (choice.ports === null) {
      this.#alter(connection, moved, 'dst');
      return;
    }
    const { min, max } = choice.ports;
    const inside = moved.dport >= min && moved.dport <= max;
    if (inside && (min === max || !this.#isUsed(moved))) {
      this.#alter(connection, moved, 'dst');
      return;
    }
    let dport = min;
    while (dport < max && this.#isUsed({ ...moved, dport })) dport++;
    this.#alter(connection, { ...moved, dport }, 'dst');
  }

  /** Sets the source's mapping up (nf_nat_setup_info with NF_NAT_MANIP_SRC). */
  mapSource(connection: Connection, choice: NatChoice): void {
    connection.srcDone = true;
    const current = invert(connection.reply);
    const src = choice.address ?? current.src;
    const [min, max] = [choice.ports?.min ?? 0, choice.ports?.max ?? 0xffff];
    const allowed = (port: number): boolean => port >= min && port <= max;
    if (current.src === src && allowed(current.sport)) {
      if (!this.#isUsed(current)) return;
    } else {
      // a source keeps the mapping that another of its connections has (find_appropriate_src)
      const siblings = this.#all.filter(
        (other) => hasSource(other, connection) && other.reply.dst === src,
      );
      if (siblings.some(({ chosen }) => chosen)) connection.chosen = connection.open = true;
      const sibling = siblings.findLast((other) => allowed(portOf(other)));
      if (sibling !== undefined) {
        const mapped = withSourcePort({ ...current, src }, portOf(sibling));
        if (!this.#isUsed(mapped)) {
          this.#alter(connection, mapped, 'src');
          return;
        }
      }
    }
    const moved = { ...current, src };
    if (allowed(moved.sport) && !this.#isUsed(moved)) {
      this.#alter(connection, moved, 'src');
      return;
    }
    connection.chosen = true;
    const [low, high] = choice.ports === null ? portClass(current) : [min, max];
    let mapped = moved;
    do {
      mapped = withSourcePort(moved, this.#random.int(low, high));
      // nor a client's: a choice must not change what becomes of anybody else
    } while (this.#isUsed(mapped) || CLIENT_PORTS.includes(mapped.sport));
    this.#alter(connection, mapped, 'src');
  }

  #alter(connection: Connection, mapped: Tuple, side: 'src' | 'dst'): void {
    const before = keyOf(connection.reply);
    connection.reply = invert(mapped);
    if (keyOf(connection.reply) === before) return;
    if (side === 'src') connection.srcNat = true;
    else connection.dstNat = true;
  }

  /** Another connection awaits its replies on the same tuple. */
  #isUsed(mapped: Tuple): boolean {
    return this.#byTuple.has(keyOf(invert(mapped)));
  }
}

/** The port that a connection's source was mapped to. */
function portOf(connection: Connection): number {
  return connection.reply.dport;
}

function hasSource(a: Connection, b: Connection): boolean {
  const [x, y] = [a.original, b.original];
  return x.proto === y.proto && x.src === y.src && x.sport === y.sport;
}

/** ICMP has one id, which is both ports. */
function withSourcePort(tuple: Tuple, sport: number): Tuple {
  return tuple.proto === ICMP ? { ...tuple, sport, dport: sport } : { ...tuple, sport };
}

/** Ports stay in their class (nf_nat_l4proto_unique_tuple). */
function portClass(tuple: Tuple): [number, number] {
  if (tuple.proto === ICMP) return [0, 0xffff];
  if (tuple.sport < 512) return [1, 511];
  return tuple.sport < 1024 ? [600, 1023] : [1024, 0xffff];
}

/** Rewrites the packet's destination (source) to its connection's mapping (nf_nat_packet). */
export function translate(packet: Packet, side: 'src' | 'dst'): void {
  const connection = packet.connection;
  if (connection === null) return;
  const forward = packet.direction === 'original';
  // in the reply direction, the hook that maps sources undoes what was done to destinations
  const undone = side === 'src' ? connection.dstNat : connection.srcNat;
  const done = side === 'src' ? connection.srcNat : connection.dstNat;
  if (!(forward ? done : undone)) return;
  const target = invert(forward ? connection.reply : connection.original);
  if (side === 'src') {
    packet.src = target.src;
    packet.sport = target.sport;
  } else {
    packet.dst = target.dst;
    packet.dport = target.dport;
  }
  if (packet.proto === ICMP)
    packet.sport = packet.dport = side === 'src' ? target.sport : target.dport;
}
