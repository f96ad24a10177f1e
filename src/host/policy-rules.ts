/** ip-rule.json: `ip -j rule`. */
import { ROUTE_TABLE_DEFAULT, ROUTE_TABLE_LOCAL, ROUTE_TABLE_MAIN } from '../../assembly/abi.ts';
import { addressBits } from '../ruleset/address.ts';
import { protocolNumber } from '../ruleset/protocols.ts';
import type { Family } from '../ruleset/values.ts';
import type { HostPrefix, PolicyRule, PolicyRuleAction } from './host.ts';
import type { JsonObject } from './json.ts';
import { JsonSource } from './json-source.ts';
import type { SourceText } from './notes.ts';
import type { RouteTables } from './route-tables.ts';
import { parseIp } from './text.ts';

/** A rule whose interfaces are still names; null: any. */
export interface NamedPolicyRule extends Omit<PolicyRule, 'iif' | 'oif'> {
  readonly iif: string | null;
  readonly oif: string | null;
}

/** What a kernel has from the start; IPv6 has no table default. */
export function standardRules(family: Family): NamedPolicyRule[] {
  const rule = (priority: number, table: number): NamedPolicyRule => ({
    family,
    priority,
    action: 'table',
    table,
    invert: false,
    src: null,
    dst: null,
    fwmark: 0,
    fwmask: 0,
    iif: null,
    oif: null,
    tos: 0,
    ipProto: 0,
    sport: null,
    dport: null,
    suppressPrefixLen: null,
  });
  const rules = [rule(0, ROUTE_TABLE_LOCAL), rule(32766, ROUTE_TABLE_MAIN)];
  return family === 4 ? [...rules, rule(32767, ROUTE_TABLE_DEFAULT)] : rules;
}

function parseHexOrDecimal(text: string): number | null {
  if (!/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text)) return null;
  const value = Number(text);
  return value <= 0xffffffff ? value : null;
}

function parseProtocol(text: string): number | null {
  return parseHexOrDecimal(text) ?? protocolNumber(text.toLowerCase()) ?? null;
}

class PolicyRuleReader {
  readonly json: JsonSource;
  readonly tables: RouteTables;

  constructor(source: SourceText, tables: RouteTables) {
    this.json = new JsonSource(source);
    this.tables = tables;
  }

  /** `src` or `dst` with its length; undefined where it is there but cannot be read. */
  private prefix(object: JsonObject, name: 'src' | 'dst'): HostPrefix | null | undefined {
    const text = this.json.string(object, name);
    if (text === null || text === 'all') return null;
    const ip = this.json.parsed(object, name, 'an address', (value) =>
      value === '0' ? ({ family: 4, address: 0n } as const) : parseIp(value),
    );
    if (ip === null) return undefined;
    const bits = addressBits(ip.family);
    return { ...ip, prefixLen: this.json.integer(object, `${name}len`, bits) ?? bits };
  }

  private ports(object: JsonObject, name: 'sport' | 'dport') {
    const one = this.json.integer(object, name, 65535);
    if (one !== null) return { min: one, max: one };
    const min = this.json.integer(object, `${name}_start`, 65535);
    const max = this.json.integer(object, `${name}_end`, 65535);
    return min === null || max === null ? null : { min, max };
  }

  private action(object: JsonObject): PolicyRuleAction | null {
    const text = this.json.string(object, 'action');
    if (text === 'blackhole' || text === 'unreachable' || text === 'prohibit') return text;
    if (text !== null) {
      this.json.problem(object, `unknown action ${text}`);
      return null;
    }
    if (object.members.has('nop')) return 'nop';
    for (const key of ['goto', 'l3mdev', 'uid_start', 'uid_range', 'tun_id']) {
      if (!object.members.has(key)) continue;
      this.json.warn(object, `ip rule with "${key}": left out`);
      return null;
    }
    return 'table';
  }

  read(object: JsonObject): NamedPolicyRule | null {
    if (object.members.size === 0) return null;
    const priority = this.json.integer(object, 'priority');
    const action = this.action(object);
    const src = this.prefix(object, 'src');
    const dst = this.prefix(object, 'dst');
    if (priority === null && !this.json.has(object, 'priority')) {
      this.json.problem(object, 'ip rule without "priority"');
    }
    if (priority === null || action === null || src === undefined || dst === undefined) return null;
    const table = this.json.string(object, 'table');
    if (action === 'table' && table === null) {
      this.json.problem(object, 'ip rule without "table"');
      return null;
    }
    const hex = (name: string) => this.json.parsed(object, name, 'a number', parseHexOrDecimal);
    const fwmark = hex('fwmark');
    return {
      family: src?.family ?? dst?.family ?? 4,
      priority,
      action,
      table: table === null ? 0 : this.tables.number(table),
      invert: object.members.has('not'),
      src,
      dst,
      fwmark: fwmark ?? 0,
      fwmask: hex('fwmask') ?? (fwmark === null ? 0 : 0xffffffff),
      iif: this.json.string(object, 'iif'),
      oif: this.json.string(object, 'oif'),
      tos: hex('tos') ?? 0,
      ipProto: this.json.parsed(object, 'ipproto', 'a protocol', parseProtocol) ?? 0,
      sport: this.ports(object, 'sport'),
      dport: this.ports(object, 'dport'),
      suppressPrefixLen: this.json.integer(object, 'suppress_prefixlen', 128),
    };
  }
}

/** The file's rules of each family; a family without any gets its standard ones. */
export function readPolicyRules(source: SourceText, tables: RouteTables): NamedPolicyRule[] {
  const reader = new PolicyRuleReader(source, tables);
  const rules: NamedPolicyRule[] = [];
  for (const object of reader.json.objects(reader.json.root, 'the list of rules')) {
    const rule = reader.read(object);
    if (rule !== null) rules.push(rule);
  }
  const of = (family: Family) => rules.filter((rule) => rule.family === family);
  const v4 = of(4);
  const v6 = of(6);
  return [
    ...(v4.length > 0 && reader.json.whole ? v4 : merge(v4, standardRules(4))),
    ...merge(v6, standardRules(6)),
  ];
}

/** `rules`, completed by the standard ones whose priority none of them has. */
function merge(rules: readonly NamedPolicyRule[], standard: readonly NamedPolicyRule[]) {
  const have = new Set(rules.map((rule) => rule.priority));
  const all = [...rules, ...standard.filter((rule) => !have.has(rule.priority))];
  return all.sort((a, b) => a.priority - b.priority);
}
