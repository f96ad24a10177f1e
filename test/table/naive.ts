/** Rule by rule, from the syntax tree: the core dimensions only, simple enough to check by eye. */
import { VERDICT_ACCEPT, VERDICT_DROP } from '../../assembly/abi.ts';
import { parseAddress } from '../../src/ruleset/address.ts';
import type { Match } from '../../src/ruleset/match/index.ts';
import type { Rule } from '../../src/ruleset/rule.ts';
import type { Chain, Table } from '../../src/ruleset/ruleset.ts';
import type {
  AddressMatch,
  InterfaceMatch,
  NumberRange,
  PortMatch,
} from '../../src/ruleset/values.ts';
import type { TestPacket } from './harness.ts';

const within = (value: number, { min, max }: NumberRange) => value >= min && value <= max;

function addressHolds(text: string, match: AddressMatch | null): boolean {
  if (match === null) return true;
  const address = parseAddress(text, text.includes(':') ? 6 : 4) ?? 0n;
  return ((address & match.mask) === match.address) !== match.invert;
}

function interfaceHolds(name: string | undefined, match: InterfaceMatch | null): boolean {
  if (match === null) return true;
  const same = match.wildcard ? (name ?? '').startsWith(match.name) : name === match.name;
  return same !== match.invert;
}

const portHolds = (port: number | undefined, match: PortMatch | null) =>
  match === null || within(port ?? 0, match) !== match.invert;

function rangeHolds(text: string, range: { min: bigint; max: bigint; invert: boolean } | null) {
  if (range === null) return true;
  const address = parseAddress(text, text.includes(':') ? 6 : 4) ?? 0n;
  return (address >= range.min && address <= range.max) !== range.invert;
}

function matchHolds(match: Match, p: TestPacket, mark: number): boolean {
  const length = p.length ?? 60;
  switch (match.kind) {
    case 'comment':
      return true;
    case 'tcp': {
      const flags = match.flags;
      const right =
        flags === null || (((p.tcpFlags ?? 0) & flags.mask) === flags.value) !== flags.invert;
      return right && portHolds(p.sport, match.srcPorts) && portHolds(p.dport, match.dstPorts);
    }
    case 'udp':
      return portHolds(p.sport, match.srcPorts) && portHolds(p.dport, match.dstPorts);
    case 'icmp': {
      const [type, code] = p.icmp ?? [0, 0];
      const same = match.type === null || (match.type === type && within(code, match.codes));
      return same !== match.invert;
    }
    case 'multiport': {
      const src = match.ports.some((range) => within(p.sport ?? 0, range));
      const dst = match.ports.some((range) => within(p.dport ?? 0, range));
      return { source: src, destination: dst, either: src || dst }[match.side] !== match.invert;
    }
    case 'iprange':
      return rangeHolds(p.src, match.src) && rangeHolds(p.dst, match.dst);
    case 'length':
      return within(length, match) !== match.invert;
    case 'ttl': {
      const ttl = p.ttl ?? 64;
      const { op, value } = match;
      const same = op === 'eq' ? ttl === value : op === 'lt' ? ttl < value : ttl > value;
      return same !== match.invert;
    }
    case 'dscp':
      return ((p.tos ?? 0) >> 2 === match.value) !== match.invert;
    case 'mark':
      return ((mark & match.mask) >>> 0 === match.value) !== match.invert;
    case 'physdev': {
      const named = (name: string | undefined, m: InterfaceMatch | null) =>
        m === null || (name !== undefined ? interfaceHolds(name, m) : m.invert);
      return named(p.physIn, match.in) && (match.out === null || named(p.physOut, match.out));
    }
    default:
      throw new Error(`not here: ${match.kind}`);
  }
}

function ruleHolds(rule: Rule, p: TestPacket, mark: number): boolean {
  const { proto } = rule;
  return (
    addressHolds(p.src, rule.src) &&
    addressHolds(p.dst, rule.dst) &&
    interfaceHolds(p.in, rule.in) &&
    interfaceHolds(p.out, rule.out) &&
    (proto === null || proto.number === 0 || (proto.number === (p.proto ?? 17)) !== proto.invert) &&
    rule.matches.every((match) => matchHolds(match, p, mark))
  );
}

export interface NaiveWalk {
  readonly verdict: number;
  /** "chain number" in order; the policy last where it decided. */
  readonly hits: readonly string[];
  readonly mark: number;
}

export function walkNaively(table: Table, base: string, p: TestPacket): NaiveWalk {
  const hits: string[] = [];
  let mark = p.mark ?? 0;
  const byName = new Map(table.chains.map((chain) => [chain.name, chain]));
  const stack: { chain: Chain; next: number }[] = [];
  const start = byName.get(base);
  if (start === undefined) throw new Error(`no chain ${base}`);
  let at = { chain: start, next: 0 };
  for (;;) {
    const rule = at.chain.rules[at.next++];
    if (rule !== undefined && !ruleHolds(rule, p, mark)) continue;
    if (rule !== undefined) hits.push(`${at.chain.name} ${rule.number}`);
    const target = rule === undefined ? ({ kind: 'RETURN' } as const) : rule.target;
    switch (target?.kind) {
      case 'ACCEPT':
        return { verdict: VERDICT_ACCEPT, hits, mark };
      case 'DROP':
        return { verdict: VERDICT_DROP, hits, mark };
      case 'MARK':
        mark = ((mark & ~target.mask) ^ target.value) >>> 0;
        break;
      case 'jump': {
        const chain = byName.get(target.chain);
        if (chain === undefined) throw new Error(`no chain ${target.chain}`);
        if (!rule?.goto) stack.push(at);
        at = { chain, next: 0 };
        break;
      }
      case 'RETURN': {
        const back = stack.pop();
        if (back === undefined) {
          hits.push(`${base} policy`);
          const verdict = start.policy === 'DROP' ? VERDICT_DROP : VERDICT_ACCEPT;
          return { verdict, hits, mark };
        }
        at = back;
        break;
      }
    }
  }
}
