import * as abi from '../../assembly/abi.ts';
import * as matchAbi from '../../assembly/abi-match.ts';
import type { Compiled, CounterInfo } from '../compile/compiled.ts';
import { encodeHost } from '../compile/host/encode-host.ts';
import { CompileError, type DockfwError } from '../errors.ts';
import type { Host } from '../host/host.ts';
import type { Rule } from '../ruleset/rule.ts';
import type { Chain, Ruleset, Table } from '../ruleset/ruleset.ts';
import { Bytes } from './bytes.ts';
import { CHANGED_BY, type Condition, writeCondition } from './condition.ts';
import { type LowerContext, lowerHeader, lowerMatch, type Test } from './match.ts';
import { lowerTarget } from './target.ts';

export interface CompileOptions {
  /** What a match that cannot be evaluated does: stop the rule set, match, or not match. */
  readonly unknown?: 'error' | 'match' | 'nomatch';
}

const TABLES: Readonly<Record<string, number>> = {
  raw: abi.TABLE_RAW,
  mangle: abi.TABLE_MANGLE,
  nat: abi.TABLE_NAT,
  filter: abi.TABLE_FILTER,
  security: abi.TABLE_SECURITY,
};
const HOOKS: Readonly<Record<string, number>> = {
  PREROUTING: abi.HOOK_PREROUTING,
  INPUT: abi.HOOK_INPUT,
  FORWARD: abi.HOOK_FORWARD,
  OUTPUT: abi.HOOK_OUTPUT,
  POSTROUTING: abi.HOOK_POSTROUTING,
};
const TRACKING_MATCHES = new Set(['conntrack', 'state', 'connmark', 'connlimit', 'helper']);
const TRACKING_TARGETS = new Set(['CT', 'CONNMARK']);

class Lowering {
  readonly chains = new Bytes();
  readonly rules = new Bytes();
  readonly blob = new Bytes();
  readonly ruleCounters: CounterInfo[] = [];
  readonly policyCounters: CounterInfo[] = [];
  readonly problems: DockfwError[] = [];
  readonly ordered = new Set<string>();
  readonly host: Host;
  readonly options: CompileOptions;
  flags = 0;
  chainCount = 0;

  constructor(host: Host, options: CompileOptions) {
    this.host = host;
    this.options = options;
  }

  ruleset(ruleset: Ruleset, ruleTotal: number): void {
    const v4 = ruleset.family === 4;
    if (ruleset.backend !== 'legacy') this.flags |= v4 ? abi.IMAGE_NFT_V4 : abi.IMAGE_NFT_V6;
    for (const table of ruleset.tables) {
      if (!(table.name in TABLES)) continue;
      if (table.name === 'nat') this.#track(v4);
      this.#table(table, ruleset, ruleTotal);
    }
  }

  #track(v4: boolean): void {
    this.flags |= v4 ? abi.IMAGE_CONNTRACK : abi.IMAGE_CONNTRACK_V6;
  }

  #table(table: Table, ruleset: Ruleset, ruleTotal: number): void {
    const numbers = new Map(table.chains.map((chain, i) => [chain.name, this.chainCount + i]));
    const changed = new Set(
      table.chains.flatMap((chain) =>
        chain.rules.flatMap((rule) => CHANGED_BY[rule.target?.kind ?? ''] ?? []),
      ),
    );
    for (const chain of table.chains)
      this.#chain(table, chain, ruleset, ruleTotal, numbers, changed);
  }

  #chain(
    table: Table,
    chain: Chain,
    ruleset: Ruleset,
    ruleTotal: number,
    numbers: ReadonlyMap<string, number>,
    changed: ReadonlySet<number>,
  ): void {
    const hooked = this.#isHooked(ruleset, table, chain);
    const hook = hooked ? (HOOKS[chain.name] ?? abi.HOOK_COUNT) : abi.HOOK_COUNT;
    const policy =
      chain.policy === null
        ? abi.VERDICT_NONE
        : chain.policy === 'DROP'
          ? abi.VERDICT_DROP
          : abi.VERDICT_ACCEPT;
    const number = this.chainCount++;
    const family = ruleset.family;
    const tableId = TABLES[table.name] ?? 0;
    this.chains.u32(family | (tableId << 8) | (hook << 16) | (policy << 24));
    this.chains
      .u32(this.ruleCounters.length)
      .u32(chain.rules.length)
      .u32(ruleTotal + number);
    this.chains
      .u32(hooked ? 1 : 0)
      .u32(0)
      .u64(0n);
    this.policyCounters.push({
      family,
      table: table.name,
      chain: chain.name,
      number: null,
      policy: chain.policy,
      text: '',
      line: chain.line,
    });
    for (const rule of chain.rules)
      this.#rule(rule, number, table, chain, ruleset, numbers, changed);
  }

  /** iptables-nft creates base chains when they are first used; nft knows which exist. */
  #isHooked(ruleset: Ruleset, table: Table, chain: Chain): boolean {
    if (chain.policy === null) return false;
    const known = this.host.xtablesChains;
    const family = ruleset.family === 4 ? 'ip' : 'ip6';
    const seen = [...known].some((name) => name.startsWith(`${family} ${table.name} `));
    return !seen || known.has(`${family} ${table.name} ${chain.name}`);
  }

  #rule(
    rule: Rule,
    chainNumber: number,
    table: Table,
    chain: Chain,
    ruleset: Ruleset,
    numbers: ReadonlyMap<string, number>,
    changed: ReadonlySet<number>,
  ): void {
    const family = ruleset.family;
    const context: LowerContext = {
      host: this.host,
      family,
      legacy: ruleset.backend === 'legacy',
      ordered: this.ordered,
    };
    const tests = lowerHeader(rule, context);
    for (const match of rule.matches) {
      if (TRACKING_MATCHES.has(match.kind)) this.#track(family === 4);
      const lowered = lowerMatch(match, context);
      if (lowered !== null) tests.push(...lowered);
      else this.#unknown(`match "${match.kind}"`, rule, ruleset, tests);
    }
    if (TRACKING_TARGETS.has(rule.target?.kind ?? '')) this.#track(family === 4);
    const matches = this.blob.length;
    const conditions = this.#split(tests, family, changed);
    const target = this.blob.length;
    const ok = lowerTarget(this.blob, rule.target, {
      family,
      goto: rule.goto,
      chain: (name) => numbers.get(name),
    });
    if (!ok) {
      this.#unknown(`target "${rule.target?.kind}"`, rule, ruleset, []);
      this.blob.u16(matchAbi.TARGET_CONTINUE).u16(0).u32(0);
    }
    this.rules.u32(chainNumber).u32(rule.number).u32(matches).u16(conditions).u16(0);
    this.rules.u32(target).u32(0).u64(0n);
    this.ruleCounters.push({
      family,
      table: table.name,
      chain: chain.name,
      number: rule.number,
      policy: null,
      text: rule.text,
      line: rule.line,
    });
  }

  /**
   * Writes a rule's tests: conditions first, then the residual matches. A condition that follows a
   * residual match with state, or whose dimension the table changes, is evaluated in its place.
   */
  #split(tests: readonly Test[], family: 4 | 6, changed: ReadonlySet<number>): number {
    const conditions: Condition[] = [];
    const residuals: Test[] = [];
    let inPlace = false;
    for (const test of tests) {
      if ('residual' in test) {
        residuals.push(test);
        if (test.residual === matchAbi.RESIDUAL_LIMIT) inPlace = true;
      } else if ((inPlace && 'ranges' in test.condition) || changed.has(test.condition.dim)) {
        const out = new Bytes();
        writeCondition(out, test.condition, family);
        residuals.push({
          residual: matchAbi.RESIDUAL_DIMENSION,
          invert: false,
          payload: out.toUint8Array(),
        });
      } else conditions.push(test.condition);
    }
    for (const condition of conditions) writeCondition(this.blob, condition, family);
    this.blob.u32(residuals.length);
    for (const test of residuals) {
      if (!('residual' in test)) continue;
      const bytes = (test.payload.length + 3) & ~3;
      this.blob
        .u16(test.residual)
        .u16(test.invert ? matchAbi.RESIDUAL_INVERT : 0)
        .u32(bytes);
      this.blob.raw(test.payload);
    }
    return conditions.length;
  }

  #unknown(what: string, rule: Rule, ruleset: Ruleset, tests: Test[]): void {
    const unknown = this.options.unknown ?? 'error';
    if (unknown === 'error') {
      this.problems.push(
        new CompileError(`${what} cannot be evaluated (see --unknown)`, {
          file: ruleset.file,
          line: rule.line,
          column: rule.column,
          sourceLine: ruleset.lines[rule.line - 1],
        }),
      );
    }
    if (unknown !== 'match') {
      tests.push({ residual: matchAbi.RESIDUAL_NEVER, invert: false, payload: new Uint8Array(0) });
    }
  }

  assemble(): Uint8Array {
    const sections = new Map<number, { bytes: Uint8Array; count: number }>();
    for (const { section, bytes, count } of encodeHost(this.host)) {
      sections.set(section, { bytes, count });
    }
    sections.set(abi.SECTION_CHAIN, { bytes: this.chains.toUint8Array(), count: this.chainCount });
    sections.set(abi.SECTION_RULE, {
      bytes: this.rules.toUint8Array(),
      count: this.ruleCounters.length,
    });
    sections.set(abi.SECTION_BLOB, { bytes: this.blob.toUint8Array(), count: this.blob.length });
    const head = abi.IMAGE_HEADER_WORDS * 4 + abi.SECTION_COUNT * 8;
    let offset = (head + 15) & ~15;
    const total = [...sections.values()].reduce(
      (sum, s) => sum + ((s.bytes.length + 15) & ~15),
      offset,
    );
    const image = new Uint8Array(total);
    const view = new DataView(image.buffer);
    view.setUint32(0, abi.ABI_MAGIC, true);
    view.setUint32(4, abi.ABI_VERSION, true);
    view.setUint32(8, total, true);
    view.setUint32(12, this.flags | (this.ordered.size > 0 ? abi.IMAGE_ORDERED : 0), true);
    for (let section = 0; section < abi.SECTION_COUNT; section++) {
      const { bytes, count } = sections.get(section) ?? { bytes: new Uint8Array(0), count: 0 };
      const entry = abi.IMAGE_HEADER_WORDS * 4 + section * 8;
      view.setUint32(entry, offset, true);
      view.setUint32(entry + 4, count, true);
      image.set(bytes, offset);
      offset += (bytes.length + 15) & ~15;
    }
    return image;
  }
}

/** Lowers a host and its rules to the image that the core takes. */
export function compile(host: Host, options: CompileOptions = {}): Compiled {
  const lowering = new Lowering(host, options);
  const rulesets = [host.rulesets.v4, host.rulesets.v6].filter((r) => r !== null);
  const ruleTotal = rulesets
    .flatMap((ruleset) => ruleset.tables.filter((table) => table.name in TABLES))
    .flatMap((table) => table.chains)
    .reduce((sum, chain) => sum + chain.rules.length, 0);
  for (const ruleset of rulesets) lowering.ruleset(ruleset, ruleTotal);
  return {
    image: lowering.assemble(),
    host,
    counters: [...lowering.ruleCounters, ...lowering.policyCounters],
    ordered: [...lowering.ordered],
    problems: lowering.problems,
  };
}
