/** What rules give away about the host they were written for: interfaces, subnets, addresses. */
import { addressBits } from '../ruleset/address.ts';
import type { Ipset } from '../ruleset/ipset.ts';
import type { Rule } from '../ruleset/rule.ts';
import type { Ruleset } from '../ruleset/ruleset.ts';
import type { AddressMatch, Family, InterfaceMatch, InterfaceName } from '../ruleset/values.ts';
import type { HostIp, HostPrefix } from './host.ts';

export interface RuleHints {
  /** Interfaces by their whole names, in the order of their first mention. */
  readonly names: readonly string[];
  /** Subnets behind an interface, as masquerading and isolation rules say. */
  readonly subnets: ReadonlyMap<string, readonly HostPrefix[]>;
  /** Addresses that are translated from or to, so are most likely the host's own. */
  readonly ownAddresses: readonly HostIp[];
  readonly setNames: readonly string[];
}

class Collector {
  readonly names = new Set<string>();
  readonly subnets = new Map<string, HostPrefix[]>();
  readonly ownAddresses = new Map<string, HostIp>();
  readonly setNames = new Set<string>();

  name(match: InterfaceName | null): void {
    if (match !== null && !match.wildcard && match.name !== '') this.names.add(match.name);
  }

  subnet(out: InterfaceMatch, family: Family, src: AddressMatch): void {
    if (out.wildcard || src.prefixLen === null || src.prefixLen === 0) return;
    const list = this.subnets.get(out.name) ?? [];
    this.subnets.set(out.name, list);
    const known = list.some((have) => have.family === family && have.address === src.address);
    if (!known) list.push({ family, address: src.address, prefixLen: src.prefixLen });
  }

  own(family: Family, address: bigint): void {
    const loopback = family === 4 ? address >> 24n === 127n : address === 1n;
    if (!loopback) this.ownAddresses.set(`${family} ${address}`, { family, address });
  }

  rule(rule: Rule, family: Family, table: string): void {
    this.name(rule.in);
    this.name(rule.out);
    for (const match of rule.matches) {
      if (match.kind === 'physdev') {
        this.name(match.in);
        this.name(match.out);
      } else if (match.kind === 'set') {
        this.setNames.add(match.name);
      }
    }
    this.subnetOf(rule, family);
    if (table === 'nat') this.translated(rule, family);
  }

  /** `-s S ! -o B -j MASQUERADE`, and Docker's isolation `! -s S -o B -j DROP`: S is behind B. */
  private subnetOf(rule: Rule, family: Family): void {
    const { src, out, target } = rule;
    if (src === null || out === null || target === null) return;
    const leaves = target.kind === 'MASQUERADE' && !src.invert && out.invert;
    const isolated = target.kind === 'DROP' && src.invert && !out.invert;
    if (leaves || isolated) this.subnet(out, family, src);
  }

  private translated(rule: Rule, family: Family): void {
    const { dst, target } = rule;
    if (target?.kind === 'DNAT' || target?.kind === 'REDIRECT') {
      const whole = dst !== null && !dst.invert && dst.prefixLen === addressBits(family);
      if (whole) this.own(family, dst.address);
    } else if (target?.kind === 'SNAT') {
      const { min, max } = target.range;
      if (min !== null && min === max) this.own(family, min);
    }
  }
}

export function ruleHints(
  rulesets: readonly (Ruleset | null)[],
  sets: readonly Ipset[],
): RuleHints {
  const found = new Collector();
  for (const ruleset of rulesets) {
    for (const table of ruleset?.tables ?? []) {
      for (const { rules } of table.chains) {
        for (const rule of rules) found.rule(rule, ruleset?.family ?? 4, table.name);
      }
    }
  }
  for (const value of sets.flatMap((set) => set.entries).flatMap((entry) => entry.values)) {
    if (value.kind === 'iface') found.name(value);
  }
  return {
    names: [...found.names],
    subnets: found.subnets,
    ownAddresses: [...found.ownAddresses.values()],
    setNames: [...found.setNames],
  };
}
