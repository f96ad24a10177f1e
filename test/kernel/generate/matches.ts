/** Random matches for the lab's rules: words of a rule, by where it is and its protocol. */
import type { Random } from '../../oracle/random.ts';
import { statefulMatches } from './stateful-matches.ts';
import { type Family, INTERFACES, PORTS_OF_BRIDGES, STATIONS } from './topology.ts';
import { anyAddress, networks, PORTS, TTLS } from './values.ts';

export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';
export type TableName = 'raw' | 'mangle' | 'nat' | 'filter' | 'security';
export type Proto = 'tcp' | 'udp' | 'icmp' | 'ipv6-icmp' | 'sctp' | null;

export interface Place {
  readonly family: Family;
  readonly table: TableName;
  readonly hook: Hook;
  readonly proto: Proto;
  /** Number of the rule set's next stateful match: their names must differ. */
  readonly unique: () => number;
  /** Matches with state across packets may be used. */
  readonly stateful: boolean;
  /** Of these, those that a wait between frames changes (time.ts). */
  readonly timed: boolean;
  /** And those for which frames must be a jiffy apart. */
  readonly spaced: boolean;
  /** Names of sets, with the flags that each takes. */
  readonly sets: readonly { readonly name: string; readonly flags: readonly string[] }[];
}

export const MARKS = ['0x1', '0x2/0xff', '0x4/0x4', '0x0/0xff', '0x8/0x8'];
const WILDCARDS = ['eth+', 'br+', 'veth+', 'tun0', 'lo', 'docker+'];
const STATES = ['NEW', 'ESTABLISHED', 'INVALID', 'UNTRACKED', 'RELATED', 'DNAT', 'SNAT'];
const STATUSES = ['SEEN_REPLY', 'CONFIRMED', 'EXPECTED', 'ASSURED', 'NONE'];
const TCP_FLAGS = [
  'FIN,SYN,RST,ACK SYN',
  'SYN,RST SYN',
  'ALL NONE',
  'ALL FIN,PSH,URG',
  'ACK ACK',
  'FIN,RST RST',
  'SYN,ACK SYN,ACK',
];
const ADDRESS_TYPES = ['LOCAL', 'LOCAL', 'UNICAST', 'BROADCAST', 'MULTICAST', 'LOCAL,BROADCAST'];
const ICMP_TYPES = ['8', '0', '3', '3/3', '11', 'any', 'echo-request', 'port-unreachable'];
const ICMP6_TYPES = ['128', '129', '1', '1/4', '3', 'echo-request', 'time-exceeded', '135'];

/** `-i` and `-o` values. */
export function interfaceName(random: Random): string {
  return random.pick(random.chance(0.75) ? INTERFACES : WILDCARDS);
}

export class Matches {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  not(): string {
    return this.#random.chance(0.2) ? '!' : '';
  }

  network(family: Family): string {
    return this.#random.pick(networks(family));
  }

  port(): string {
    const random = this.#random;
    if (random.chance(0.6)) return `${random.pick(PORTS)}`;
    const ends = [random.pick(PORTS), random.pick(PORTS)].sort((a, b) => a - b);
    return ends.join(':');
  }

  /** Words of one match. */
  pick(place: Place): string[] {
    const kinds = [
      ...this.#general(place),
      ...(place.table === 'raw' ? [] : this.#tracked(place)),
      ...this.#placed(place),
      ...this.#transport(place),
      ...(place.family === 6 ? this.#extensionHeaders() : []),
      ...(place.stateful ? statefulMatches(this.#random, place) : []),
    ];
    return this.#random.pick(kinds)();
  }

  #general({ family, sets }: Place): (() => string[])[] {
    const random = this.#random;
    const ttl = family === 4 ? 'ttl' : 'hl';
    const kinds = [
      () => ['-m', 'iprange', this.not(), '--src-range', this.#range(family)],
      () => ['-m', 'iprange', this.not(), '--dst-range', this.#range(family)],
      () => ['-m', 'addrtype', this.not(), '--dst-type', random.pick(ADDRESS_TYPES)],
      () => ['-m', 'addrtype', this.not(), '--src-type', random.pick(ADDRESS_TYPES)],
      () => ['-m', 'mark', this.not(), '--mark', random.pick(MARKS)],
      () => ['-m', 'length', this.not(), '--length', random.pick(['0:60', '28', '61:100', '81:'])],
      () => ['-m', ttl, ...random.pick(this.#ttl(ttl))],
      () => ['-m', 'tos', this.not(), '--tos', random.pick(['0x00/0x3f', '0x10/0x3f', '0x28'])],
      () => ['-m', 'dscp', this.not(), '--dscp', random.pick(['0x00', '0x04', '0x0a'])],
      () => ['-m', 'ecn', this.not(), '--ecn-ip-ect', random.pick(['0', '1', '3'])],
      () => ['-m', 'pkttype', this.not(), '--pkt-type', random.pick(['unicast', 'broadcast'])],
      () => ['-m', 'u32', this.not(), '--u32', this.#u32(family)],
    ];
    if (sets.length > 0) {
      kinds.push(
        () => this.set(sets),
        () => this.set(sets),
      );
    }
    return kinds;
  }

  set(sets: Place['sets']): string[] {
    const set = this.#random.pick(sets);
    const flags = set.flags.map((flag) =>
      flag === '*' ? this.#random.pick(['src', 'dst']) : flag,
    );
    return ['-m', 'set', this.not(), '--match-set', set.name, flags.join(',')];
  }

  #ttl(name: string): string[][] {
    const value = `${this.#random.pick(TTLS)}`;
    return [
      [this.not(), `--${name}-eq`, value],
      [`--${name}-lt`, value],
      [`--${name}-gt`, value],
    ];
  }

  #range(family: Family): string {
    const address = this.#random.pick(anyAddress(family));
    if (family === 4) {
      const head = address.split('.').slice(0, 3).join('.');
      return `${head}.${this.#random.int(0, 5)}-${head}.${this.#random.int(6, 255)}`;
    }
    const head = address.replace(/[^:]*$/, '');
    return `${head}${this.#random.int(0, 3)}-${head}${this.#random.pick(['5', '10', 'ffff'])}`;
  }

  #u32(family: Family): string {
    const fields = family === 4 ? ['2&0xFFFF=0:100', '6&0xFF=6', '5&0xFF=0:64'] : ['3&0xFF=6,58'];
    return `"${this.#random.pick([...fields, '0>>28=4', '0&0x0FF00000=0'])}"`;
  }

  #tracked({ family, proto }: Place): (() => string[])[] {
    const random = this.#random;
    const states = (): string => random.some(STATES, random.int(1, 3)).join(',');
    const plain = ['NEW', 'ESTABLISHED', 'INVALID', 'RELATED', 'UNTRACKED'];
    const conntrack = (...words: string[]): string[] => ['-m', 'conntrack', ...words];
    const hasPorts = proto === 'tcp' || proto === 'udp';
    const side = random.pick(['src', 'dst']);
    return [
      () => conntrack(this.not(), '--ctstate', states()),
      () => conntrack(this.not(), '--ctstate', states()),
      () => ['-m', 'state', this.not(), '--state', random.some(plain, 2).join(',')],
      () => conntrack('--ctdir', random.pick(['ORIGINAL', 'REPLY'])),
      () => conntrack(this.not(), '--ctproto', random.pick(['6', '17', '1', '58'])),
      () => conntrack(this.not(), `--ctorig${side}`, this.network(family)),
      () => conntrack(this.not(), `--ctrepl${side}`, this.network(family)),
      () => conntrack(this.not(), `--ctorig${side}port`, this.port()),
      () => (hasPorts ? conntrack('--ctreplsrcport', this.port()) : conntrack('--ctstate', 'NEW')),
      () => conntrack(this.not(), '--ctstatus', random.pick(STATUSES)),
      () => conntrack('--ctstate', states(), '--ctdir', random.pick(['ORIGINAL', 'REPLY'])),
      () => ['-m', 'connmark', this.not(), '--mark', random.pick(MARKS)],
    ];
  }

  #placed({ table, hook }: Place): (() => string[])[] {
    const random = this.#random;
    const kinds: (() => string[])[] = [];
    const early = hook === 'PREROUTING' || hook === 'INPUT' || hook === 'FORWARD';
    const port = (): string => random.pick([...PORTS_OF_BRIDGES, 'veth+', 'docker0']);
    if (early) {
      const macs = STATIONS.map(({ mac }) => mac);
      kinds.push(() => ['-m', 'mac', this.not(), '--mac-source', random.pick(macs)]);
      kinds.push(() => ['-m', 'physdev', this.not(), '--physdev-in', port()]);
      kinds.push(() => ['-m', 'physdev', this.not(), '--physdev-is-in']);
    }
    if (hook === 'FORWARD') {
      kinds.push(() => ['-m', 'physdev', '--physdev-is-bridged', '--physdev-out', port()]);
      kinds.push(() => ['-m', 'physdev', this.not(), '--physdev-is-bridged']);
      kinds.push(() => ['-m', 'physdev', this.not(), '--physdev-is-out']);
    }
    if (hook === 'PREROUTING' || hook === 'INPUT') {
      kinds.push(() => ['-m', 'addrtype', '--dst-type', 'LOCAL', '--limit-iface-in']);
    }
    if (hook === 'PREROUTING' && (table === 'raw' || table === 'mangle')) {
      const options = random.some(['--loose', '--validmark', '--accept-local', '--invert'], 1);
      kinds.push(() => ['-m', 'rpfilter', ...options]);
    }
    return kinds;
  }

  #transport({ proto }: Place): (() => string[])[] {
    const random = this.#random;
    if (proto === null) return [];
    if (proto === 'icmp') {
      return [() => ['-m', 'icmp', this.not(), '--icmp-type', random.pick(ICMP_TYPES)]];
    }
    if (proto === 'ipv6-icmp') {
      return [() => ['-m', 'icmp6', this.not(), '--icmpv6-type', random.pick(ICMP6_TYPES)]];
    }
    const sides = ['--dport', '--dport', '--sport'];
    const port = (): string[] => ['-m', proto, this.not(), random.pick(sides), this.port()];
    const kinds: (() => string[])[] = [port, port, port, port];
    if (proto === 'sctp') return kinds;
    kinds.push(() => this.#multiport());
    if (proto === 'tcp') {
      const flags = (): string[] => random.pick(TCP_FLAGS).split(' ');
      kinds.push(
        () => ['-m', 'tcp', this.not(), '--tcp-flags', ...flags()],
        () => ['-m', 'tcp', this.not(), '--tcp-option', random.pick(['2', '3', '4', '8'])],
        () => ['-m', 'tcpmss', this.not(), '--mss', random.pick(['1:1400', '1460', '1000:2000'])],
        () => ['-m', 'ecn', this.not(), random.pick(['--ecn-tcp-cwr', '--ecn-tcp-ece'])],
      );
    }
    return kinds;
  }

  #multiport(): string[] {
    const ports = this.#random.some(PORTS, this.#random.int(2, 5)).map(String);
    if (this.#random.chance(0.3)) ports.push('8000:8100');
    const side = this.#random.pick(['--dports', '--sports', '--ports']);
    return ['-m', 'multiport', this.not(), side, ports.join(',')];
  }

  #extensionHeaders(): (() => string[])[] {
    const random = this.#random;
    const frag = ['--fragfirst', '--fragmore', '--fraglast', '--fragid 0:65535'];
    return [
      () => ['-m', 'frag', ...random.pick(frag).split(' ')],
      () => ['-m', 'hbh', this.not(), '--hbh-len', '8'],
      () => ['-m', 'dst', this.not(), '--dst-len', '8'],
      () => ['-m', 'rt', this.not(), '--rt-type', random.pick(['0', '4'])],
      () => ['-m', 'ipv6header', '--soft', '--header', random.pick(['dst', 'hop', 'frag', 'prot'])],
    ];
  }
}
