/** Random rule sets, for iptables-restore and ip6tables-restore. */
import type { Random } from '../../oracle/random.ts';
import {
  type Hook,
  interfaceName,
  Matches,
  type Place,
  type Proto,
  type TableName,
} from './matches.ts';
import { Targets } from './targets.ts';
import type { Family } from './topology.ts';

export interface Chain {
  readonly name: string;
  /** null: a user chain. */
  readonly policy: 'ACCEPT' | 'DROP' | null;
}

/** A table as it is written: rules are whole lines from `-A` on. */
export interface Table {
  readonly name: TableName;
  readonly chains: readonly Chain[];
  readonly rules: readonly string[];
}

export interface RuleOptions {
  readonly family: Family;
  readonly rulesPerTable: number;
  readonly stateful: boolean;
  readonly timed: boolean;
  readonly spaced: boolean;
  readonly sets: Place['sets'];
}

const HOOKS: Readonly<Record<TableName, readonly Hook[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
};
const SHARE: Readonly<Record<TableName, number>> = {
  raw: 0.6,
  mangle: 0.6,
  nat: 0.85,
  filter: 0.95,
  security: 0.15,
};
const TABLES = Object.keys(HOOKS) as TableName[];

/** What iptables-restore reads. */
export function rulesLines(tables: readonly Table[]): string[] {
  return tables.flatMap(({ name, chains, rules }) => [
    `*${name}`,
    ...chains.map((chain) => `:${chain.name} ${chain.policy ?? '-'}`),
    ...rules,
    'COMMIT',
  ]);
}

export function randomTables(random: Random, options: RuleOptions): Table[] {
  const generator = new Generator(random, options);
  return TABLES.filter((name) => random.chance(SHARE[name])).map((name) => generator.table(name));
}

class Generator {
  readonly #random: Random;
  readonly #options: RuleOptions;
  readonly #matches: Matches;
  readonly #targets: Targets;
  #names = 0;

  constructor(random: Random, options: RuleOptions) {
    this.#random = random;
    this.#options = options;
    this.#matches = new Matches(random);
    this.#targets = new Targets(random);
  }

  table(name: TableName): Table {
    const random = this.#random;
    const chains: Chain[] = [];
    const rules: string[] = [];
    for (const hook of HOOKS[name]) {
      const drops = name === 'filter' && hook !== 'OUTPUT' && random.chance(0.3);
      chains.push({ name: hook, policy: drops ? 'DROP' : 'ACCEPT' });
    }
    for (const hook of HOOKS[name]) {
      if (hook === 'OUTPUT') continue;
      const users = Array.from({ length: random.int(0, 3) }, () => `user-${++this.#names}`);
      chains.push(...users.map((user) => ({ name: user, policy: null })));
      rules.push(...this.#chainRules({ table: name, hook }, users));
    }
    return { name, chains, rules };
  }

  #chainRules(at: Pick<Place, 'table' | 'hook'>, users: readonly string[]): string[] {
    const random = this.#random;
    const share = this.#options.rulesPerTable / (HOOKS[at.table].length - 1);
    const rules: string[] = [];
    [at.hook, ...users].forEach((chain, level) => {
      const below = users.slice(level); // chains jump to later ones only: no loops
      for (let n = random.int(0, Math.ceil((2 * share) / (users.length + 1))); n > 0; n--) {
        rules.push(this.#rule(at, chain, below));
      }
    });
    users.forEach((user, index) => {
      const caller = random.pick([at.hook, at.hook, ...users.slice(0, index)]);
      rules.splice(random.int(0, rules.length), 0, `-A ${caller} -j ${user}`);
    });
    return rules;
  }

  #rule(at: Pick<Place, 'table' | 'hook'>, chain: string, below: readonly string[]): string {
    const random = this.#random;
    const { family, stateful, timed, spaced, sets } = this.#options;
    const names = { unique: () => ++this.#names };
    const place = { ...at, ...names, family, stateful, timed, spaced, sets };
    const jumps = below.length > 0 && random.chance(0.25);
    const goto = random.chance(0.3) ? '-g' : '-j';
    const target = jumps
      ? { words: [goto, random.pick(below)], protos: [], matches: [] }
      : this.#targets.pick(place);
    const proto = target.protos.length > 0 ? random.pick(target.protos) : this.#proto();
    const words = ['-A', chain, ...this.#base(place, proto), ...target.matches];
    const ends = /ACCEPT|DROP|REJECT|NAT|MASQ|REDIRECT|NETMAP|notrack/.test(target.words.join(' '));
    for (let n = random.pick(ends ? [1, 1, 2] : [0, 1, 1]); n > 0; n--) {
      const more = this.#matches.pick({ ...place, proto });
      // of two -m tcp (udp …) in a rule iptables-nft-save writes one
      const isSecond = words.some((word, i) => word === '-m' && words[i + 1] === proto);
      if (!isSecond || more[1] !== proto) words.push(...more);
    }
    words.push(...target.words);
    return words.filter((word) => word !== '').join(' ');
  }

  #proto(): Proto {
    const icmp = this.#options.family === 4 ? 'icmp' : 'ipv6-icmp';
    return this.#random.pick(['tcp', 'tcp', 'udp', 'udp', icmp, 'sctp', null, null, null, null]);
  }

  /** Addresses, interfaces and the protocol. */
  #base({ family, hook }: Omit<Place, 'proto'>, proto: Proto): string[] {
    const random = this.#random;
    const matches = this.#matches;
    const words: string[] = [];
    if (random.chance(0.12)) words.push(matches.not(), '-s', matches.network(family));
    if (random.chance(0.12)) words.push(matches.not(), '-d', matches.network(family));
    const hasOut = hook === 'FORWARD' || hook === 'POSTROUTING';
    if (hook !== 'POSTROUTING' && random.chance(0.15)) {
      words.push(matches.not(), '-i', interfaceName(random));
    }
    if (hasOut && random.chance(0.15)) words.push(matches.not(), '-o', interfaceName(random));
    if (proto !== null) words.push('-p', proto);
    else if (random.chance(0.05)) words.push('!', '-p', random.pick(['tcp', 'udp']));
    return words;
  }
}
