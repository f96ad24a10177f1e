/** From a host and its rules to the image that the core takes. Same input, same bytes. */
import {
  CHAIN_SIZE,
  HOOK_COUNT,
  IMAGE_CONN_EXTRA,
  IMAGE_CONN_TAGS,
  IMAGE_CONNTRACK,
  IMAGE_CONNTRACK_V6,
  IMAGE_NFT_V4,
  IMAGE_NFT_V6,
  IMAGE_ORDERED,
  RULE_SIZE,
  SECTION_BLOB,
  SECTION_CHAIN,
  SECTION_RULE,
  SECTION_SET,
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_NONE,
} from '../../assembly/abi.ts';
import { TARGET_CONTINUE } from '../../assembly/abi-rules.ts';
import { CompileError, type DockfwError } from '../errors.ts';
import type { Host } from '../host/host.ts';
import type { MatchKind } from '../ruleset/match/index.ts';
import type { Rule } from '../ruleset/rule.ts';
import type { Policy, Ruleset } from '../ruleset/ruleset.ts';
import { Blob } from './blob.ts';
import {
  chainIds,
  circularJumps,
  hookOf,
  needsExtras,
  needsTags,
  type PlacedChain,
  placeChains,
  tableNumber,
  tracks,
} from './chains.ts';
import type { Compiled, CounterInfo } from './compiled.ts';
import { extensionColumn } from './extension-column.ts';
import { encodeHost } from './host/encode-host.ts';
import { assembleImage } from './image.ts';
import { ByteWriter } from './lower/byte-writer.ts';
import { NEVER } from './lower/condition.ts';
import {
  type LowerContext,
  type LoweredMatch,
  type LoweredTarget,
  Refused,
} from './lower/context.ts';
import { lowerHeader } from './lower/header.ts';
import { lowerMatch } from './lower/match.ts';
import { lowerTarget } from './lower/target.ts';
import { type CompileOptions, type UnknownPolicy, unknownPolicy } from './options.ts';
import { encodeSets } from './sets.ts';
import { StateAllocator } from './state-space.ts';
import { Usage } from './usage.ts';

const POLICIES: Readonly<Record<Policy, number>> = { ACCEPT: VERDICT_ACCEPT, DROP: VERDICT_DROP };

/** Thousands of rules share one context. */
type RuleAtHand = Omit<LowerContext, 'rule' | 'counter'> & { rule: Rule; counter: number };

/** Lowers one host's rules. Used once. */
class Lowering {
  readonly problems: DockfwError[] = [];
  readonly ordered = new Set<string>();
  readonly #host: Host;
  readonly #unknown: UnknownPolicy;
  readonly #chains: readonly PlacedChain[];
  readonly #circular: ReadonlySet<Rule>;
  readonly #chainId: ReturnType<typeof chainIds>;
  readonly #usage: Usage;
  readonly #sets: ReadonlyMap<string, number>;
  readonly #state = new StateAllocator();
  readonly #blob = new Blob();
  readonly #rules = new ByteWriter();
  readonly #records = new ByteWriter();
  readonly #ruleTotal: number;

  constructor(host: Host, options: CompileOptions) {
    this.#host = host;
    this.#unknown = unknownPolicy(options);
    this.#chains = placeChains(host);
    this.#circular = circularJumps(this.#chains);
    this.#chainId = chainIds(this.#chains);
    this.#usage = new Usage(
      host,
      this.#chains.flatMap(({ chain }) => chain.rules),
    );
    this.#sets = new Map(host.sets.map(({ name }, i) => [name, i]));
    this.#ruleTotal = this.#chains.reduce((sum, { chain }) => sum + chain.rules.length, 0);
  }

  image(): Uint8Array {
    for (const placed of this.#chains) this.#chain(placed);
    const sections = [
      ...encodeHost(this.#host),
      { section: SECTION_CHAIN, bytes: this.#records.toUint8Array(), count: this.#chains.length },
      { section: SECTION_RULE, bytes: this.#rules.toUint8Array(), count: this.#ruleTotal },
    ];
    sections.push({ section: SECTION_SET, ...encodeSets(this.#host) });
    const blob = this.#blob.finish(this.#state.bytes);
    sections.push({ section: SECTION_BLOB, bytes: blob, count: blob.length });
    return assembleImage(sections, this.#flags());
  }

  /** Rules, then one per chain: its policy. */
  counters(): CounterInfo[] {
    const rules = this.#chains.flatMap(({ ruleset, table, chain }) =>
      chain.rules.map(({ number, text, line }) => ({
        family: ruleset.family,
        table: table.name,
        chain: chain.name,
        number,
        policy: null,
        text,
        line,
      })),
    );
    const policies = this.#chains.map(({ ruleset, table, chain }) => ({
      family: ruleset.family,
      table: table.name,
      chain: chain.name,
      number: null,
      policy: chain.policy,
      text: '',
      line: chain.line,
    }));
    return [...rules, ...policies];
  }

  #flags(): number {
    let flags = this.ordered.size > 0 ? IMAGE_ORDERED : 0;
    if (this.#host.conntrack.some(({ mark, zone }) => mark !== 0 || zone !== 0)) {
      flags |= IMAGE_CONN_TAGS;
    }
    for (const placed of this.#chains) {
      const isV4 = placed.ruleset.family === 4;
      if (placed.ruleset.backend !== 'legacy') flags |= isV4 ? IMAGE_NFT_V4 : IMAGE_NFT_V6;
      if (placed.chain.rules.some(needsExtras)) flags |= IMAGE_CONN_EXTRA;
      if (placed.chain.rules.some(needsTags)) flags |= IMAGE_CONN_TAGS;
      // Loading such a rule switches it on, reached or not; an empty nat table does not.
      const conntrack = isV4 ? IMAGE_CONNTRACK : IMAGE_CONNTRACK_V6;
      if ((flags & conntrack) === 0 && placed.chain.rules.some(tracks)) flags |= conntrack;
    }
    return flags;
  }

  #chain(placed: PlacedChain): void {
    const { id, ruleset, table, chain, firstRule } = placed;
    const hook = hookOf(placed, this.#host);
    const policy = chain.policy === null ? VERDICT_NONE : POLICIES[chain.policy];
    const out = this.#records;
    out
      .u8(ruleset.family)
      .u8(tableNumber(table) ?? 0)
      .u8(hook)
      .u8(policy);
    out.u32(firstRule, chain.rules.length, this.#ruleTotal + id, hook === HOOK_COUNT ? 0 : 1);
    out.align(CHAIN_SIZE);
    const [first] = chain.rules;
    if (first === undefined) return;
    const context = this.#context(placed, first);
    for (const rule of chain.rules) {
      context.rule = rule;
      context.counter = firstRule + rule.number - 1;
      this.#rule(placed, context);
    }
  }

  #rule(placed: PlacedChain, context: LowerContext): void {
    const { rule } = context;
    const matches = lowerHeader(context);
    for (const node of rule.matches) {
      const lowered = lowerMatch(node, context);
      if (!(lowered instanceof Refused)) matches.push(...lowered);
      else matches.push(...this.#refusedMatch(placed, rule, lowered, node.kind));
    }
    const target = this.#target(placed, rule, context);
    this.#rules.u32(placed.id, rule.number, this.#blob.matches(matches));
    this.#rules.u16(matches.length, 0).u32(this.#blob.target(target)).align(RULE_SIZE);
  }

  /** For the rules of a chain, one after the other. */
  #context(placed: PlacedChain, first: Rule): RuleAtHand {
    const { ruleset } = placed;
    const context: RuleAtHand = {
      host: this.#host,
      family: ruleset.family,
      native: ruleset.backend !== 'legacy',
      rule: first,
      state: this.#state,
      counter: placed.firstRule,
      chainId: (name) => this.#chainId(placed, name),
      setIndex: (name) => this.#sets.get(name) ?? null,
      setUsage: (name) => this.#usage.set(name),
      recentStamps: (name) => this.#usage.recentStamps(name),
      ordered: (reason) => {
        this.ordered.add(reason);
      },
      warn: (message) => {
        this.#problem(ruleset, context.rule, message, 'warning');
      },
    };
    return context;
  }

  #refusedMatch(
    { ruleset }: PlacedChain,
    rule: Rule,
    refused: Refused,
    name: MatchKind,
  ): LoweredMatch[] {
    if (name !== 'unknown') this.#refused(ruleset, rule, 'match', name, refused);
    return this.#unknown === 'match' ? [] : [NEVER];
  }

  #target(placed: PlacedChain, rule: Rule, context: LowerContext): LoweredTarget {
    const goOn = { kind: TARGET_CONTINUE, payload: new Uint8Array(0) };
    if (this.#circular.has(rule)) return goOn;
    const target = lowerTarget(rule.target, context);
    if (!(target instanceof Refused)) return target;
    const name = rule.target?.kind ?? 'unknown';
    const isReported = name === 'unknown' || name === 'jump';
    if (!isReported) this.#refused(placed.ruleset, rule, 'target', name, target);
    return goOn;
  }

  #refused(
    ruleset: Ruleset,
    rule: Rule,
    kind: 'match' | 'target',
    name: string,
    { reason }: Refused,
  ): void {
    const severity = this.#unknown === 'error' ? 'error' : 'warning';
    const column = extensionColumn(rule, kind, name);
    this.#problem(ruleset, rule, `${kind} "${name}": ${reason}`, severity, column);
  }

  #problem(
    ruleset: Ruleset,
    { line, column: start }: Rule,
    message: string,
    severity: 'error' | 'warning',
    column = start,
  ): void {
    const place = { file: ruleset.file, line, column, sourceLine: ruleset.lines[line - 1] };
    this.problems.push(new CompileError(message, place, severity));
  }
}

export function compile(host: Host, options: CompileOptions = {}): Compiled {
  const lowering = new Lowering(host, options);
  return {
    image: lowering.image(),
    host,
    counters: lowering.counters(),
    ordered: [...lowering.ordered],
    problems: lowering.problems,
  };
}
