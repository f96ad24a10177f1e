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
import type { Match } from '../ruleset/match/index.ts';
import type { Rule } from '../ruleset/rule.ts';
import type { Policy, Ruleset } from '../ruleset/ruleset.ts';
import { Blob } from './blob.ts';
import {
  chainIds,
  circularJumps,
  hookOf,
  type PlacedChain,
  placeChains,
  tableNumber,
} from './chains.ts';
import type { Compiled, CounterInfo } from './compiled.ts';
import { extensionColumn } from './extension-column.ts';
import { encodeHost } from './host/encode-host.ts';
import { assembleImage } from './image.ts';
import { ByteWriter } from './lower/byte-writer.ts';
import { NEVER } from './lower/condition.ts';
import { type LowerContext, type LoweredTarget, Refused } from './lower/context.ts';
import { lowerHeader } from './lower/header.ts';
import { isShared, lowerMatch } from './lower/match.ts';
import { isSharedTarget, lowerTarget, NO_TARGET } from './lower/target.ts';
import { ConnectionNeeds } from './needs.ts';
import { type CompileOptions, type UnknownPolicy, unknownPolicy } from './options.ts';
import { encodeSets } from './sets.ts';
import { StateAllocator } from './state-space.ts';
import { Usage } from './usage.ts';

const GO_ON: LoweredTarget = { kind: TARGET_CONTINUE, payload: new Uint8Array(0) };

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
  readonly #needs = new ConnectionNeeds();
  #usage: Usage | undefined;
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
    const { tags, extras, tracked } = this.#needs;
    const isTagged = this.#host.conntrack.some(({ mark, zone }) => mark !== 0 || zone !== 0);
    if (tags || isTagged) flags |= IMAGE_CONN_TAGS;
    if (extras) flags |= IMAGE_CONN_EXTRA;
    // Loading such a rule switches it on, reached or not; an empty nat table does not.
    if (tracked.has(4)) flags |= IMAGE_CONNTRACK;
    if (tracked.has(6)) flags |= IMAGE_CONNTRACK_V6;
    for (const { family, backend } of new Set(this.#chains.map(({ ruleset }) => ruleset))) {
      if (backend !== 'legacy') flags |= family === 4 ? IMAGE_NFT_V4 : IMAGE_NFT_V6;
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
    const blob = this.#blob;
    const at = blob.length;
    let count = lowerHeader(context, blob);
    const { matches } = rule;
    for (let i = 0; i < matches.length; i++) {
      const node = matches[i];
      if (node !== undefined) count += blob.again(node) || this.#match(node, placed, context);
    }
    const target = this.#target(placed, context);
    this.#rules.u32(placed.id, rule.number, at, count, target).align(RULE_SIZE);
  }

  /** Writes the matches of a node that no rule before has shared; returns how many they are. */
  #match(node: Match, { ruleset }: PlacedChain, context: LowerContext): number {
    this.#needs.match(node, ruleset.family);
    const lowered = lowerMatch(node, context);
    if (lowered instanceof Refused) {
      const { kind } = node;
      if (kind !== 'unknown') this.#refused(ruleset, context.rule, 'match', kind, lowered);
      return this.#unknown === 'match' ? 0 : this.#blob.add([NEVER]);
    }
    return isShared(node) ? this.#blob.first(node, lowered) : this.#blob.add(lowered);
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
      setUsage: (name) => this.#usageOfSets().set(name),
      recentStamps: (name) => this.#usageOfSets().recentStamps(name),
      ordered: (reason) => {
        this.ordered.add(reason);
      },
      warn: (message) => {
        this.#problem(ruleset, context.rule, message, 'warning');
      },
    };
    return context;
  }

  /** Most rules use neither sets nor lists. */
  #usageOfSets(): Usage {
    this.#usage ??= new Usage(
      this.#host,
      this.#chains.flatMap(({ chain }) => chain.rules),
    );
    return this.#usage;
  }

  /** Offset of the rule's target. */
  #target({ ruleset }: PlacedChain, context: LowerContext): number {
    const { rule } = context;
    const blob = this.#blob;
    const { target } = rule;
    if (target === null) return blob.target(NO_TARGET);
    const known = blob.targetOf(target);
    if (known !== 0) return known;
    if (this.#circular.has(rule)) return blob.target(GO_ON);
    this.#needs.target(target, ruleset.family);
    const lowered = lowerTarget(target, context);
    if (lowered instanceof Refused) {
      const { kind } = target;
      const isReported = kind === 'unknown' || kind === 'jump';
      if (!isReported) this.#refused(ruleset, rule, 'target', kind, lowered);
      return blob.target(GO_ON);
    }
    return isSharedTarget(target) ? blob.keepTarget(target, lowered) : blob.target(lowered);
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
