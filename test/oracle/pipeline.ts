/** The way of a received packet through the hooks of the small host. */
import type { NatRange } from '../../src/ruleset/target/nat.ts';
import { type Connections, type NatChoice, translate } from './connections.ts';
import { type Arrival, type Packet, packetOf } from './packet.ts';
import type { NatTargets } from './targets.ts';
import { addressKind, primaryAddress, routeTo } from './topology.ts';
import type { Decision, Rules } from './walk.ts';

export interface OracleOutcome {
  readonly path: 'forward' | 'input' | null;
  readonly verdict: 'accept' | 'drop' | 'reject';
  /** Why, where no rule or policy decided. */
  readonly reason: 'martian' | 'ttl' | 'pkttype' | 'nat-failed' | null;
  readonly by: Decision | null;
  /** The interface the packet left through. */
  readonly out: string | null;
  readonly packet: Packet;
}

interface Stop {
  readonly verdict: 'drop' | 'reject';
  /** null: NAT itself. */
  readonly by: Decision | null;
}

export class Pipeline {
  readonly #rules: Rules;
  readonly #connections: Connections;
  /** Rules of a nat table exist, so connections get mappings; conntrack is there for some rule. */
  readonly #hasNat: boolean;
  readonly #tracks: boolean;
  #by: Decision | null = null;

  constructor(rules: Rules, connections: Connections, tracks: boolean) {
    this.#rules = rules;
    this.#connections = connections;
    this.#hasNat = rules.hasTable('nat');
    this.#tracks = tracks;
  }

  receive(arrival: Arrival): OracleOutcome {
    const packet = packetOf(arrival);
    this.#by = null;
    const stop = this.#prerouting(packet);
    if (stop !== null) return this.#stopped(packet, null, stop);
    const kind = addressKind(packet.dst, null);
    if (addressKind(packet.src, null) === 'LOCAL') return this.#lost(packet, null, 'martian');
    if (kind !== 'UNICAST') {
      const end = this.#input(packet);
      return end === null ? this.#passed(packet, 'input') : this.#stopped(packet, 'input', end);
    }
    const { out } = routeTo(packet.dst, packet.mark);
    if (arrival.type !== 'unicast') return this.#lost(packet, 'forward', 'pkttype');
    if (packet.ttl <= 1) return this.#lost(packet, 'forward', 'ttl');
    packet.ttl--;
    packet.out = out;
    const end = this.#forward(packet);
    return end === null ? this.#passed(packet, 'forward') : this.#stopped(packet, 'forward', end);
  }

  #prerouting(packet: Packet): Stop | null {
    const stop = this.#table('raw', 'PREROUTING', packet);
    if (stop !== null) return stop;
    if (this.#tracks && packet.state !== 'UNTRACKED') this.#connections.track(packet);
    return this.#table('mangle', 'PREROUTING', packet) ?? this.#nat('PREROUTING', packet);
  }

  #input(packet: Packet): Stop | null {
    const stop =
      this.#table('mangle', 'INPUT', packet) ??
      this.#table('filter', 'INPUT', packet) ??
      this.#nat('INPUT', packet);
    if (stop === null) this.#connections.confirm(packet);
    return stop;
  }

  #forward(packet: Packet): Stop | null {
    const stop =
      this.#table('mangle', 'FORWARD', packet) ??
      this.#table('filter', 'FORWARD', packet) ??
      this.#table('mangle', 'POSTROUTING', packet) ??
      this.#nat('POSTROUTING', packet);
    if (stop === null) this.#connections.confirm(packet);
    return stop;
  }

  #table(table: string, chain: string, packet: Packet): Stop | null {
    const walked = this.#rules.walk(table, chain, packet);
    if (walked === null) return null;
    if (walked.verdict === 'drop' || walked.verdict === 'reject') {
      return { verdict: walked.verdict, by: walked.by };
    }
    if (table === 'filter') this.#by = walked.by;
    return null;
  }

  #nat(chain: 'PREROUTING' | 'INPUT' | 'POSTROUTING', packet: Packet): Stop | null {
    const connection = packet.connection;
    if (!this.#hasNat || connection === null) return null;
    const side = chain === 'PREROUTING' ? 'dst' : 'src';
    const decided = side === 'dst' ? connection.dstDone : connection.srcDone;
    if (packet.state === 'NEW' && !decided) {
      const walked = this.#rules.walk('nat', chain, packet);
      if (walked?.verdict === 'drop') return { verdict: 'drop', by: walked.by };
      const target = walked?.nat ?? null;
      const choice = target === null ? NOTHING : choiceOf(target, packet, side);
      if (side === 'dst') this.#connections.mapDestination(connection, choice);
      else this.#connections.mapSource(connection, choice);
      if (target?.kind === 'MASQUERADE') connection.masqueradedOut = packet.out;
    } else if (chain === 'POSTROUTING' && packet.direction === 'original') {
      const { masqueradedOut } = connection;
      if (masqueradedOut !== null && masqueradedOut !== packet.out) {
        this.#connections.kill(connection);
        return { verdict: 'drop', by: null };
      }
    }
    translate(packet, side);
    return null;
  }

  #stopped(packet: Packet, path: OracleOutcome['path'], stop: Stop): OracleOutcome {
    const { verdict, by } = stop;
    const reason = by === null ? 'nat-failed' : null;
    return { path, verdict, reason, by, out: null, packet };
  }

  #lost(
    packet: Packet,
    path: OracleOutcome['path'],
    reason: 'martian' | 'ttl' | 'pkttype',
  ): OracleOutcome {
    return { path, verdict: 'drop', reason, by: null, out: null, packet };
  }

  #passed(packet: Packet, path: 'forward' | 'input'): OracleOutcome {
    const out = path === 'forward' ? packet.out : null;
    return { path, verdict: 'accept', reason: null, by: this.#by, out, packet };
  }
}

/** The null binding: everything stays, unless it clashes. */
const NOTHING: NatChoice = { address: null, ports: null };

function rangeChoice(range: NatRange, address: number | null): NatChoice {
  return { address, ports: range.ports };
}

function choiceOf(target: NatTargets, packet: Packet, side: 'src' | 'dst'): NatChoice {
  switch (target.kind) {
    case 'DNAT':
    case 'SNAT': {
      const { min } = target.range;
      return rangeChoice(target.range, min === null ? null : Number(min));
    }
    case 'MASQUERADE':
      return rangeChoice(target.range, primaryAddress(packet.out ?? ''));
    case 'REDIRECT':
      return rangeChoice(target.range, primaryAddress(packet.in));
    case 'NETMAP': {
      const { address, mask } = target.to;
      const host = BigInt(packet[side]) & ~mask & 0xffffffffn;
      return { address: Number(host | address), ports: null };
    }
  }
}
