/** Reads what iptables-save and `iptables -S` (and their IPv6 twins) write. */
import {
  type DockfwError,
  type Place,
  RulesetSyntaxError,
  type Severity,
  UnknownExtensionError,
} from '../errors.ts';
import { isBaseChain, isKnownTable, TABLE_NAMES, tableOfBaseChains } from './base-chains.ts';
import { ChainBuilder, draftOf, type RuleDraft, TableBuilder } from './chain-builder.ts';
import type { Command, Counters, LineProblem } from './command.ts';
import type { Argument } from './extension.ts';
import { Fault } from './fault.ts';
import { checkJumps } from './jumps.ts';
import { type ListingHeader, readHeader } from './listing-header.ts';
import type { Backend, Policy, Ruleset } from './ruleset.ts';
import { Templates } from './template.ts';
import type { Family } from './values.ts';

export interface ParseOptions {
  /** Name for messages. */
  readonly file: string;
  readonly family: Family;
  /** Table of a listing that names none, as `iptables -S`; else it is told from its base chains. */
  readonly table?: string;
}

export interface ParsedRuleset {
  readonly ruleset: Ruleset;
  /** In the order of the lines. Everything that has no part in them has been read. */
  readonly problems: readonly DockfwError[];
}

/** Never throws: whatever is not understood is among the problems. */
export function parseRuleset(text: string, options: ParseOptions): ParsedRuleset {
  return new RulesetParser(text, options).parse();
}

/** Counters before a rule. */
const LEAD = /^\s*(?:\[[^\]]*\]\s*)?/;
const MAX_CHAIN_NAME = 28; // XT_EXTENSION_MAXNAMELEN - 1

class RulesetParser {
  readonly #options: ParseOptions;
  readonly #lines: readonly string[];
  readonly #tables = new Map<string, TableBuilder>();
  readonly #problems: DockfwError[] = [];
  readonly #templates = new Templates();
  /** The table whose COMMIT is still to come. */
  #open: TableBuilder | null = null;
  /** Table of lines outside `*table` … COMMIT: null where the file has such sections. */
  readonly #implicitTable: string | null;
  #backend: Backend = 'unknown';
  /** A header names the other family's program. */
  #isForeign = false;
  /** Of the line at hand: 1-based. */
  #number = 0;
  #line = '';

  constructor(text: string, options: ParseOptions) {
    this.#options = options;
    this.#lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
    if (this.#lines.at(-1) === '') this.#lines = this.#lines.slice(0, -1);
    const sections = this.#lines.some((line) => line.startsWith('*'));
    this.#implicitTable = sections ? null : (options.table ?? this.#guessTable());
  }

  parse(): ParsedRuleset {
    for (const line of this.#lines) {
      this.#number++;
      this.#line = line;
      this.#readLine();
    }
    if (this.#open !== null) this.#missingCommit(this.#lines.length + 1);
    const reporter = {
      place: (line: number, column: number) => this.#place(column, line),
      report: (problem: DockfwError) => this.#problems.push(problem),
    };
    for (const table of this.#tables.values()) checkJumps(table, reporter);
    const ruleset: Ruleset = {
      family: this.#options.family,
      backend: this.#backend,
      file: this.#options.file,
      lines: this.#lines,
      tables: [...this.#tables.values()].map((table) => table.build()),
    };
    const problems = this.#problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
    return { ruleset, problems };
  }

  #guessTable(): string {
    const chains = this.#lines.flatMap((line) => /^-P (\S+)/.exec(line)?.slice(1) ?? []);
    return tableOfBaseChains(chains) ?? 'filter';
  }

  #readLine(): void {
    const line = this.#line;
    if (line.startsWith('-'))
      this.#commandLine(); // most lines are rules
    else if (line.trim() === '') return;
    else if (line.trimStart().startsWith('#')) this.#comment();
    else if (line.trimEnd() === 'COMMIT') this.#commit();
    else if (line.startsWith('*')) this.#openTable(line.slice(1).trim());
    else if (line.startsWith(':')) this.#declareChain();
    else this.#commandLine();
  }

  // --- problems ------------------------------------------------------------------------------

  #place(column: number, number = this.#number): Place {
    const sourceLine = this.#lines[number - 1];
    return { file: this.#options.file, line: number, column, sourceLine };
  }

  #problem(message: string, column = 1, severity: Severity = 'error'): void {
    this.#problems.push(new RulesetSyntaxError(message, this.#place(column), severity));
  }

  #lineProblem({ fault, extension }: LineProblem): void {
    if (extension === undefined) {
      this.#problem(fault.message, fault.column);
      return;
    }
    const place = this.#place(fault.column);
    this.#problems.push(
      new UnknownExtensionError(fault.message, place, extension.name, extension.kind),
    );
  }

  // --- comments and sections -----------------------------------------------------------------

  #comment(): void {
    const line = this.#line;
    const header = readHeader(line);
    if (header !== null) this.#header(header);
    const legacyToo = /iptables-legacy tables present/.test(line);
    const incompatible = /^# Table `(.*)' is incompatible/.exec(line);
    if (legacyToo) {
      this.#problem('the host has iptables-legacy tables that are not in this file', 1, 'warning');
    } else if (incompatible !== null) {
      this.#problem(`table ${incompatible[1]} of nftables is not in this file`, 1, 'warning');
    }
  }

  #header({ program, family, backend }: ListingHeader): void {
    if (this.#backend === 'unknown') this.#backend = backend;
    if (family === null || family === this.#options.family || this.#isForeign) return;
    this.#isForeign = true;
    const expected = family === 4 ? 'ip6tables-save' : 'iptables-save';
    this.#problem(`written by ${program}: expected what ${expected} writes`, 1, 'warning');
  }

  #missingCommit(number: number): void {
    const name = this.#open?.name ?? '';
    const place = this.#place(1, number);
    this.#problems.push(new RulesetSyntaxError(`expected COMMIT to end table ${name}`, place));
    this.#open = null;
  }

  #commit(): void {
    if (this.#open === null) this.#problem('COMMIT without a table: expected "*table" before it');
    this.#open = null;
  }

  #openTable(name: string): void {
    if (this.#open !== null) this.#missingCommit(this.#number);
    if (name === '') {
      this.#problem('expected the name of a table after "*"', 2);
      return;
    }
    if (this.#tables.has(name)) {
      // iptables-restore empties a table before it fills it.
      this.#problem(`table ${name} is there twice: the later one replaces it`, 2, 'warning');
      this.#tables.delete(name);
    }
    this.#open = this.#newTable(name);
  }

  #newTable(name: string, column = 2): TableBuilder {
    if (!isKnownTable(name)) {
      this.#problem(`unknown table "${name}": expected ${TABLE_NAMES.join(', ')}`, column);
    }
    const table = new TableBuilder(name, this.#number);
    this.#tables.set(name, table);
    return table;
  }

  // --- chains --------------------------------------------------------------------------------

  /** `:CHAIN POLICY [packets:bytes]` */
  #declareChain(): void {
    if (this.#open === null) {
      this.#problem('a chain outside a table: expected "*table" before it');
      return;
    }
    const words = wordsOf(this.#line.slice(1), 2);
    const [name, policy, counters] = words;
    if (name === undefined) {
      this.#problem('expected the name of a chain after ":"', 2);
      return;
    }
    const chain = this.#newChain(this.#open, name, this.#policy(this.#open, name, policy));
    if (chain === null || counters === undefined) return;
    const parsed = parseCounters(counters.text);
    if (parsed === null) {
      this.#problem(`expected [packets:bytes], found "${counters.text}"`, counters.column);
    } else if (chain.policy !== null) {
      chain.counters = parsed;
    }
  }

  /** The policy that a chain has after a word says so: null for user chains. */
  #policy(table: TableBuilder, chain: Argument, word: Argument | undefined): Policy | null {
    const base = isBaseChain(table.name, chain.text);
    const text = word?.text ?? '';
    if (base && (text === 'ACCEPT' || text === 'DROP')) return text;
    if (!base && text === '-') return null;
    const column = word?.column ?? this.#line.length + 1;
    const found = text === '' ? 'nothing' : `"${text}"`;
    if (base) {
      const message = `base chain ${chain.text} has no policy: expected ACCEPT or DROP`;
      this.#problem(`${message}, found ${found}; ACCEPT is taken`, column);
      return 'ACCEPT';
    }
    const message = `user chain ${chain.text} has no policy: expected "-", found ${found}`;
    this.#problem(message, column, 'warning');
    return null;
  }

  #newChain(table: TableBuilder, name: Argument, policy: Policy | null): ChainBuilder | null {
    const existing = table.chains.get(name.text);
    if (existing?.declared === true) {
      this.#problem(`chain ${name.text} is declared twice`, name.column);
      return null;
    }
    if (name.text.length > MAX_CHAIN_NAME) {
      const message = `chain name ${name.text} is too long: expected at most ${MAX_CHAIN_NAME}`;
      this.#problem(`${message} characters`, name.column);
    }
    const chain = new ChainBuilder(name.text, this.#number, policy, true);
    if (existing !== undefined) chain.rules.push(...existing.rules);
    table.chains.set(name.text, chain);
    return chain;
  }

  // --- commands ------------------------------------------------------------------------------

  #commandLine(): void {
    const lead = this.#line.startsWith('-') ? '' : (LEAD.exec(this.#line)?.[0] ?? '');
    const counters = this.#ruleCounters(lead.trim());
    const place = {
      family: this.#options.family,
      table: this.#open?.name ?? this.#implicitTable ?? '',
      line: this.#number,
    };
    if (place.table === '') {
      this.#problem('a line outside a table: expected "*table", ":chain", a rule or a comment');
      return;
    }
    try {
      const { command, table, problems } = this.#templates.read(this.#line, lead.length, place);
      for (const problem of problems) this.#lineProblem(problem);
      const target = this.#tableFor(table);
      if (target !== null) this.#apply(command, target, lead.length + 1, counters);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#problem(error.message, error.column);
    }
  }

  #ruleCounters(text: string): Counters | null {
    if (text === '') return null;
    const counters = parseCounters(text);
    if (counters === null) {
      const column = this.#line.indexOf('[') + 1;
      this.#problem(`expected [packets:bytes], found "${text}"`, column);
    }
    return counters;
  }

  /** The open table, or the one that `-t` or the listing's chains name. */
  #tableFor(named: Argument | null): TableBuilder | null {
    if (this.#open !== null) {
      if (named === null) return this.#open;
      this.#problem(`-t inside table ${this.#open.name}`, named.column);
      return null;
    }
    const name = named?.text ?? this.#implicitTable;
    if (name === null) return null;
    return this.#tables.get(name) ?? this.#newTable(name, named?.column ?? 1);
  }

  #apply(command: Command, table: TableBuilder, column: number, counters: Counters | null): void {
    switch (command.kind) {
      case 'ignored':
        break;
      case 'new-chain':
        if (isBaseChain(table.name, command.chain.text)) {
          this.#problem(`${command.chain.text} is a base chain`, command.chain.column);
        } else {
          this.#newChain(table, command.chain, null);
        }
        break;
      case 'policy':
        this.#setPolicy(command, table);
        break;
      case 'rule': {
        const chain = this.#chainOf(table, command.chain);
        for (const body of command.rules) {
          const rule = draftOf(body, this.#number, column, counters);
          if (rule.target?.kind === 'jump') table.jumps.set(rule, body.targetColumn);
          if (chain.policy !== null) this.#checkInterfaces(chain.name, rule);
          if (command.position === null) chain.rules.push(rule);
          else if (!chain.insert(rule, command.position)) {
            this.#problem(`${chain.name} has no place ${command.position}`, column);
          }
        }
      }
    }
  }

  #setPolicy(command: Command & { readonly kind: 'policy' }, table: TableBuilder): void {
    const { chain: name, policy: word } = command;
    if (!isBaseChain(table.name, name.text)) {
      this.#problem(`${name.text} is no base chain of table ${table.name}`, name.column);
      return;
    }
    const policy = this.#policy(table, name, word);
    const chain = table.chains.get(name.text);
    if (chain === undefined) this.#newChain(table, name, policy);
    else chain.policy = policy;
  }

  /** The chain of a rule; it is made where no line declares it. */
  #chainOf(table: TableBuilder, name: Argument): ChainBuilder {
    const existing = table.chains.get(name.text);
    if (existing !== undefined) return existing;
    const base = isBaseChain(table.name, name.text);
    const declared = this.#implicitTable === null ? `":${name.text}"` : `-N or -P ${name.text}`;
    const message = `chain ${name.text} is not declared: expected ${declared} before its rules`;
    const severity = base ? 'warning' : 'error';
    this.#problem(base ? `${message}; policy ACCEPT is taken` : message, name.column, severity);
    const chain = new ChainBuilder(name.text, this.#number, base ? 'ACCEPT' : null, false);
    table.chains.set(name.text, chain);
    return chain;
  }

  /** In base chains packets that arrive have no way out yet, those sent here no way in. */
  #checkInterfaces(chain: string, rule: RuleDraft): void {
    if (rule.out !== null && (chain === 'PREROUTING' || chain === 'INPUT')) {
      this.#problem(`-o cannot be used in ${chain}`, rule.column);
    }
    if (rule.in !== null && (chain === 'POSTROUTING' || chain === 'OUTPUT')) {
      this.#problem(`-i cannot be used in ${chain}`, rule.column);
    }
  }
}

/** Words separated by blanks, with columns; `column` is that of the text's first character. */
function wordsOf(text: string, column: number): Argument[] {
  return [...text.matchAll(/\S+/g)].map((word) => ({
    text: word[0],
    column: column + word.index,
  }));
}

function parseCounters(text: string): Counters | null {
  const parts = /^\[(\d+):(\d+)\]$/.exec(text);
  if (parts === null) return null;
  return { packets: BigInt(parts[1] ?? 0), bytes: BigInt(parts[2] ?? 0) };
}
