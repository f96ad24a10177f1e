/** Walks a base chain, rule by rule, as ip_tables.c does. */
import type { Rule } from '../../src/ruleset/rule.ts';
import type { Chain, Ruleset, Table } from '../../src/ruleset/ruleset.ts';
import { type NthCounts, ruleMatches } from './matches.ts';
import type { Packet } from './packet.ts';
import { applyTarget, type NatTargets } from './targets.ts';

/** The rule (or, with number null, the policy) that decided. */
export interface Decision {
  readonly table: string;
  readonly chain: string;
  readonly number: number | null;
}

export interface Walked {
  /** `nat`: a NAT target matched. */
  readonly verdict: 'accept' | 'drop' | 'reject' | 'nat';
  readonly nat: NatTargets | null;
  readonly by: Decision;
}

export interface Count {
  packets: number;
  bytes: number;
}

export class Rules {
  readonly #tables = new Map<string, Map<string, Chain>>();
  readonly #nth: NthCounts = new Map();
  /** By rule, and by base chain for its policy. */
  readonly counts = new Map<Rule | Chain, Count>();

  constructor(ruleset: Ruleset) {
    for (const table of ruleset.tables) this.#addTable(table);
  }

  #addTable(table: Table): void {
    const chains = new Map(table.chains.map((chain) => [chain.name, chain]));
    this.#tables.set(table.name, chains);
    for (const chain of table.chains) {
      if (chain.policy !== null) this.counts.set(chain, { packets: 0, bytes: 0 });
      for (const rule of chain.rules) this.counts.set(rule, { packets: 0, bytes: 0 });
    }
  }

  hasTable(table: string): boolean {
    return this.#tables.has(table);
  }

  #count(what: Rule | Chain, packet: Packet): void {
    const count = this.counts.get(what);
    if (count === undefined) throw new Error('a rule of another rule set');
    count.packets++;
    count.bytes += packet.length;
  }

  /** What the base chain says; null if there is none. */
  walk(tableName: string, chainName: string, packet: Packet): Walked | null {
    const table = this.#tables.get(tableName);
    const base = table?.get(chainName);
    if (table === undefined || base === undefined || base.policy === null) return null;
    /** Where jumps return to: chain and index of the next rule. */
    const stack: { chain: Chain; next: number }[] = [];
    let chain = base;
    let at = 0;
    for (;;) {
      const rule = chain.rules[at];
      if (rule !== undefined) {
        at++;
        if (!ruleMatches(rule, packet, this.#nth)) continue;
        this.#count(rule, packet);
        const by = { table: tableName, chain: chain.name, number: rule.number };
        const target = rule.target;
        if (target === null) continue;
        if (target.kind === 'jump') {
          const to = table.get(target.chain);
          if (to === undefined) throw new Error(`no chain ${target.chain}`);
          if (!rule.goto) stack.push({ chain, next: at });
          [chain, at] = [to, 0];
          continue;
        }
        if (target.kind !== 'RETURN') {
          const done = applyTarget(target, packet);
          if (done !== null) return { ...done, by };
          continue;
        }
      }
      // the end of the chain, or a RETURN
      const back = stack.pop();
      if (back === undefined) {
        this.#count(base, packet);
        const by = { table: tableName, chain: base.name, number: null };
        return { verdict: base.policy === 'ACCEPT' ? 'accept' : 'drop', nat: null, by };
      }
      [chain, at] = [back.chain, back.next];
    }
  }
}
