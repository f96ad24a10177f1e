/**
 * Reads one command line of a rule set (`-A …`, `-I …`, `-N …`, `-P …`), word by word, as iptables'
 * do_parse does (iptables/xshared.c). What is not understood is reported and becomes an `unknown`
 * node in its place, so that the rest of the rule is kept.
 */
import { parseAddressMask } from './address.ts';
import type {
  Command,
  CommandLine,
  Counters,
  LineParts,
  LineProblem,
  RuleBody,
} from './command.ts';
import { type Argument, argumentOf, type OptionSpec, type RuleContext } from './extension.ts';
import {
  columnOf,
  newUse,
  readNode,
  type UnknownNode,
  type Use,
  unknownNode,
} from './extension-use.ts';
import { Fault } from './fault.ts';
import { type Token, tokenize } from './lexer.ts';
import { matchExtension } from './match/extensions.ts';
import type { Match } from './match/index.ts';
import {
  type BaseOption,
  type FoundOption,
  findByBeginning,
  findExact,
  findShort,
} from './option-table.ts';
import { implicitMatch } from './protocols.ts';
import { interfaceName, protocol, split } from './readers.ts';
import type { ProtocolMatch } from './rule.ts';
import { type Edit, editedText, replacing } from './rule-text.ts';
import { targetExtension } from './target/extensions.ts';
import type { Target } from './target/index.ts';
import type { AddressMask, AddressMatch, Family, InterfaceMatch, Invertible } from './values.ts';

/** Where a line stands. `line` is 1-based. */
export interface LinePlace {
  readonly family: Family;
  readonly table: string;
  readonly line: number;
}

/**
 * Reads `source` from offset `from` on. Throws a Fault where no command can be made out at all.
 */
export function readCommand(
  source: string,
  from: number,
  place: LinePlace,
): CommandLine & { readonly parts: LineParts } {
  const reader = new CommandReader(source, from, place);
  return { ...reader.read(), parts: reader.parts() };
}

type AnyUse = Use<Match> | Use<Target>;

/** The value of -s or -d: a list makes several rules. */
interface AddressList {
  readonly token: Token;
  readonly items: ReadonlyArray<{ readonly text: string; readonly mask: AddressMask }>;
  readonly invert: boolean;
}

class CommandReader {
  readonly #source: string;
  readonly #place: LinePlace;
  readonly #tokens: readonly Token[];
  #at = 0;
  /** The `!` that waits for its option. */
  #bang: Token | null = null;
  readonly #problems: LineProblem[] = [];
  readonly #seen = new Set<BaseOption>();
  /** Changes that the rule's text needs. */
  readonly #edits: Edit[] = [];
  /** Matches in source order, and everything whose options are known by now. */
  readonly #matches: Use<Match>[] = [];
  readonly #loaded: AnyUse[] = [];

  #kind: 'append' | 'insert' | 'new-chain' | 'policy' | null = null;
  #chain: Argument | null = null;
  #policy: Argument | null = null;
  #position: number | null = null;
  #table: Argument | null = null;
  #otherFamily = false;
  #src: AddressList | null = null;
  #dst: AddressList | null = null;
  #in: InterfaceMatch | null = null;
  #out: InterfaceMatch | null = null;
  #inToken: Token | null = null;
  #outToken: Token | null = null;
  #proto: ProtocolMatch | null = null;
  #fragment: Invertible | null = null;
  #counters: Counters | null = null;
  #target: Use<Target> | null = null;
  #goto = false;

  constructor(source: string, from: number, place: LinePlace) {
    this.#source = source;
    this.#place = place;
    this.#tokens = tokenize(source, from);
  }

  read(): CommandLine {
    while (this.#at < this.#tokens.length) this.#word(this.#next());
    if (this.#bang !== null) this.#stray([], 'nothing follows this "!"');
    const command = this.#command();
    // iptables stops at -4 or -6 and never looks at the rest.
    const problems = command.kind === 'ignored' ? [] : this.#problems;
    return { command, table: this.#table, problems };
  }

  parts(): LineParts {
    return {
      tokens: this.#tokens,
      src: this.#src?.token ?? null,
      dst: this.#dst?.token ?? null,
      in: this.#inToken,
      out: this.#outToken,
      matches: this.#matches,
      target: this.#target,
      context: this.#context(),
    };
  }

  // --- words ---------------------------------------------------------------------------------

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Fault('the line ends too early', this.#source.length + 1);
    return token;
  }

  #word(token: Token): void {
    const { text } = token;
    if (text === '!' && this.#bang === null) this.#bang = token;
    else if (text.startsWith('--') && text.length > 2) this.#long(token);
    else if (text.startsWith('-') && text.length > 1) this.#short(token);
    else this.#stray([token], `expected an option, found "${text}"`);
  }

  /** `--name` and `--name=value`. */
  #long(token: Token): void {
    const equals = token.text.indexOf('=');
    const name = token.text.slice(2, equals < 0 ? undefined : equals);
    const inline = equals < 0 ? null : tail(token, equals + 1);
    const option = this.#find(name);
    if (option === undefined) this.#unknownOption(token);
    else if (option.owner === null) this.#base(option.id as BaseOption, option.spec, token, inline);
    else this.#option(option.owner, option, token, inline);
  }

  /** `-x`, `-x value`, `-xvalue`, and several letters without values in one word. */
  #short(token: Token): void {
    for (let i = 1; i < token.text.length; i++) {
      const letter = token.text.charAt(i);
      const option = findShort(letter);
      if (option === undefined) {
        this.#stray([token], `unknown option -${letter}`);
        return;
      }
      const inline = option.spec.args > 0 && i + 1 < token.text.length ? tail(token, i + 1) : null;
      this.#base(option.id, option.spec, token, inline);
      if (inline !== null) return;
    }
  }

  #find(name: string): FoundOption<AnyUse> | undefined {
    const exact = findExact(name, this.#loaded);
    if (exact !== undefined) return exact;
    // An extension that is not known may have any option: a beginning proves nothing then.
    const last = this.#loaded.at(-1);
    if (last !== undefined && last.extension === undefined) return undefined;
    const [found, other] = findByBeginning(name, this.#loaded);
    return other === undefined ? (found ?? this.#findImplicit(name)) : undefined;
  }

  /** Loads the match of the rule's protocol if the option is one of its own. */
  #findImplicit(name: string): FoundOption<AnyUse> | undefined {
    const match = this.#proto === null ? undefined : implicitMatch(this.#proto.number);
    const extension = match === undefined ? undefined : matchExtension(this.#place.family, match);
    if (extension === undefined) return undefined;
    if (this.#loaded.some((loaded) => loaded.extension === extension)) return undefined;
    const use = newUse('match', extension.name, extension, []);
    const options = [findExact(name, [use]), ...findByBeginning(name, [use])];
    const option = options.find((candidate) => candidate?.owner === use);
    if (option !== undefined) this.#load(use);
    return option;
  }

  /** Values of an option; a `!` before the first of them inverts as well. */
  #values(spec: OptionSpec, token: Token, inline: Token | null): Token[] {
    const values = inline === null ? [] : [inline];
    if (spec.invert === true && spec.args > 0 && inline === null && this.#bangFollows()) {
      if (this.#bang !== null) throw new Fault('two "!" for one option', token.start + 1);
      this.#bang = this.#next();
    }
    while (values.length < spec.args) {
      const next = this.#tokens[this.#at];
      if (spec.optional === true && (next === undefined || /^[-!]/.test(next.text))) break;
      if (next === undefined) throw new Fault(`${token.text} needs a value`, token.start + 1);
      values.push(this.#next());
    }
    if (this.#bang !== null && spec.invert !== true) {
      throw new Fault(`${token.text} cannot be inverted`, this.#bang.start + 1);
    }
    return values;
  }

  #bangFollows(): boolean {
    const [bang, value] = this.#tokens.slice(this.#at, this.#at + 2);
    return bang !== undefined && isBang(bang) && value !== undefined && !/^-./.test(value.text);
  }

  // --- iptables' own options -----------------------------------------------------------------

  #base(id: BaseOption, spec: OptionSpec, token: Token, inline: Token | null): void {
    const from = this.#at;
    const lead = this.#bang === null ? [token] : [this.#bang, token];
    try {
      const values = this.#values(spec, token, inline);
      if (this.#seen.has(id) && id !== 'match' && id !== 'ignored') {
        throw new Fault(`${token.text} is given twice`, token.start + 1);
      }
      this.#seen.add(id);
      this.#apply(id, token, values, this.#bang !== null);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#problems.push({ fault: error });
      this.#keepUnknown([...lead, ...this.#tokens.slice(from, this.#at)]);
    }
    this.#bang = null;
  }

  #apply(id: BaseOption, token: Token, values: readonly Token[], invert: boolean): void {
    const value = values[0] ?? token;
    const arg = argumentOf(value);
    switch (id) {
      case 'append':
      case 'insert':
      case 'new-chain':
      case 'policy':
        if (this.#kind !== null) throw new Fault('a second command', token.start + 1);
        this.#kind = id;
        this.#chain = arg;
        if (id === 'insert') this.#insertAt(token);
        if (id === 'policy') this.#policy = argumentOf(values[1] ?? token);
        break;
      case 'other-command':
        throw new Fault(`${token.text} changes a rule set and describes none`, token.start + 1);
      case 'source':
        this.#src = this.#addresses(value, invert);
        break;
      case 'destination':
        this.#dst = this.#addresses(value, invert);
        break;
      case 'in-interface':
        this.#in = { ...interfaceName(arg), invert };
        this.#inToken = value;
        break;
      case 'out-interface':
        this.#out = { ...interfaceName(arg), invert };
        this.#outToken = value;
        break;
      case 'protocol':
        this.#proto = { number: protocol(arg), invert };
        if (invert && this.#proto.number === 0) {
          throw new Fault('"all" inverted would never match', arg.column);
        }
        break;
      case 'fragments':
        if (this.#place.family === 6) {
          throw new Fault('-f is for IPv4; IPv6 has -m frag', token.start + 1);
        }
        this.#fragment = { invert };
        break;
      case 'match':
        this.#match(token, value);
        break;
      case 'jump':
      case 'goto':
        this.#jump(id, token, value);
        break;
      case 'set-counters':
        this.#setCounters(token, value);
        break;
      case 'table':
        this.#table = arg;
        break;
      case 'ipv4':
        this.#otherFamily ||= this.#place.family === 6;
        break;
      case 'ipv6':
        this.#otherFamily ||= this.#place.family === 4;
        break;
      case 'ignored':
        break;
    }
  }

  /** The text of an inserted rule is that of an appended one. */
  #insertAt(token: Token): void {
    this.#edits.push(replacing(token, '-A'));
    this.#position = 1;
    const number = this.#tokens[this.#at];
    if (number === undefined || !/^[1-9]\d*$/.test(number.text)) return;
    this.#position = Number(this.#next().text);
    this.#edits.push(replacing(number, ''));
  }

  #addresses(token: Token, invert: boolean): AddressList {
    const { family } = this.#place;
    const items = split(argumentOf(token), ',').map(({ text, column }) => {
      const mask = parseAddressMask(text.trim(), family);
      if (mask !== null) return { text: text.trim(), mask };
      const what = `an IPv${family} address or network (names are not looked up)`;
      throw new Fault(`expected ${what}, found "${text}"`, column);
    });
    if (items.length > 1 && invert) {
      throw new Fault('a list of addresses cannot be inverted', token.start + 1);
    }
    return { token, items, invert };
  }

  /** `-c packets bytes` and `-c packets,bytes`. */
  #setCounters(token: Token, value: Token): void {
    const last = value.text.includes(',') ? value : this.#next();
    const text = last === value ? value.text : `${value.text},${last.text}`;
    const parts = /^(\d+),(\d+)$/.exec(text);
    if (parts === null) throw new Fault('expected packets and bytes', value.start + 1);
    this.#counters = { packets: BigInt(parts[1] ?? 0), bytes: BigInt(parts[2] ?? 0) };
    this.#edits.push({ start: token.start, end: last.end, text: '' });
  }

  // --- extensions ----------------------------------------------------------------------------

  #load(use: Use<Match>): void {
    this.#matches.push(use);
    this.#loaded.push(use);
  }

  #match(token: Token, value: Token): void {
    const extension = matchExtension(this.#place.family, value.text);
    const use = newUse('match', value.text, extension, [token, value]);
    this.#load(use);
    if (extension === undefined) this.#unknownExtension(use);
  }

  #jump(id: 'jump' | 'goto', token: Token, value: Token): void {
    if (this.#target !== null) throw new Fault('a second target', token.start + 1);
    if (id === 'jump' && value.text === 'CONTINUE') return;
    this.#goto = id === 'goto';
    const extension = this.#goto ? undefined : targetExtension(this.#place.family, value.text);
    this.#target = newUse('target', value.text, extension, [token, value]);
    this.#loaded.push(this.#target);
  }

  #option(use: AnyUse, option: FoundOption<AnyUse>, token: Token, inline: Token | null): void {
    const from = this.#at;
    const lead = this.#bang === null ? [token] : [this.#bang, token];
    try {
      const args = this.#values(option.spec, token, inline).map(argumentOf);
      const again = use.occurrences.some(({ id }) => id === option.id);
      if (again && option.spec.multiple !== true) {
        throw new Fault(`${token.text} is given twice`, token.start + 1);
      }
      use.occurrences.push({
        id: option.id,
        name: token.text.split('=')[0] ?? token.text,
        args,
        invert: this.#bang !== null,
        column: token.start + 1,
      });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      use.faulty = true;
      this.#problems.push({ fault: error });
    }
    use.tokens.push(...lead, ...this.#tokens.slice(from, this.#at));
    this.#bang = null;
  }

  /** An option that nothing known has, or several: it goes to the last extension not known. */
  #unknownOption(token: Token): void {
    const words = [token];
    for (;;) {
      const next = this.#tokens[this.#at];
      if (next === undefined || isBang(next) || /^--?[a-z]/i.test(next.text)) break;
      words.push(this.#next());
    }
    const use = this.#loaded.at(-1);
    if (use === undefined || use.extension !== undefined) {
      const candidates = findByBeginning(token.text.slice(2), this.#loaded);
      const names = candidates.map((candidate) => `--${candidate.name}`).join(' or ');
      const what =
        names === '' ? `unknown option ${token.text}` : `"${token.text}" may be ${names}`;
      this.#stray(words, what);
      return;
    }
    if (this.#bang !== null) words.unshift(this.#bang);
    this.#bang = null;
    use.tokens.push(...words);
    // A user chain takes no options, so this is a target, and not a known one.
    if (!use.faulty) this.#unknownExtension(use);
  }

  // --- problems ------------------------------------------------------------------------------

  #report(message: string, token: Token): void {
    this.#problems.push({ fault: new Fault(message, token.start + 1) });
  }

  #unknownExtension(use: AnyUse): void {
    use.faulty = true;
    const fault = new Fault(`${use.kind} "${use.name}" is not known`, columnOf(use));
    this.#problems.push({ fault, extension: { name: use.name, kind: use.kind } });
  }

  /** Words that belong to nothing. */
  #stray(words: readonly Token[], message: string): void {
    const all = this.#bang === null ? words : [this.#bang, ...words];
    this.#bang = null;
    const [first] = all;
    if (first !== undefined) this.#report(message, first);
    this.#keepUnknown(all);
  }

  #keepUnknown(tokens: readonly Token[]): void {
    const use = newUse<Match>('match', tokens[0]?.text ?? '', undefined, tokens);
    use.faulty = true;
    this.#matches.push(use);
  }

  // --- results -------------------------------------------------------------------------------

  #command(): Command {
    const chain = this.#chain;
    if (this.#otherFamily) return { kind: 'ignored' };
    if (this.#kind === null || chain === null) {
      const first = this.#problems[0]?.fault;
      if (first !== undefined) throw first;
      throw new Fault('expected -A, -I, -N or -P', (this.#tokens[0]?.start ?? 0) + 1);
    }
    if (this.#kind === 'new-chain') return { kind: 'new-chain', chain };
    if (this.#kind === 'policy') return { kind: 'policy', chain, policy: this.#policy ?? chain };
    return { kind: 'rule', chain, position: this.#position, rules: this.#rules() };
  }

  /** One rule for each pair of source and destination. */
  #rules(): RuleBody[] {
    const matches = this.#matches.map((use) => this.#node(use));
    const target = this.#targetNode();
    const sources = choices(this.#src);
    const destinations = choices(this.#dst);
    return sources.flatMap((src) =>
      destinations.map((dst) => this.#rule(src, dst, matches, target)),
    );
  }

  #rule(
    src: AddressChoice,
    dst: AddressChoice,
    matches: readonly Match[],
    target: Target | null,
  ): RuleBody {
    const from = this.#tokens[0]?.start ?? 0;
    const edits = [...this.#edits, ...src.edits, ...dst.edits];
    return {
      text: editedText(this.#source, from, edits),
      src: src.match,
      dst: dst.match,
      in: this.#in,
      out: this.#out,
      proto: this.#proto,
      fragment: this.#fragment,
      matches,
      target,
      targetColumn: this.#target === null ? 0 : columnOf(this.#target),
      goto: this.#goto,
      counters: this.#counters,
    };
  }

  #targetNode(): Target | null {
    const use = this.#target;
    if (use === null) return null;
    const isChain = use.extension === undefined && !use.faulty;
    return isChain ? { kind: 'jump', chain: use.name } : this.#node(use);
  }

  #node<Node>(use: Use<Node>): Node | UnknownNode {
    if (use.extension !== undefined && !use.faulty) {
      try {
        return readNode(use, use.extension, this.#context(), this.#place.table);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        this.#problems.push({ fault: error });
      }
    }
    return unknownNode(use, this.#source, this.#place.line);
  }

  #context(): RuleContext {
    const proto = this.#proto;
    const known = proto !== null && !proto.invert && proto.number !== 0;
    return { family: this.#place.family, proto: known ? proto.number : null };
  }
}

function isBang(token: Token): boolean {
  return token.text === '!' && token.end - token.start === 1;
}

/** The rest of a word that holds an option and its value. */
function tail(token: Token, from: number): Token {
  return { text: token.text.slice(from), start: token.start + from, end: token.end };
}

interface AddressChoice {
  readonly match: AddressMatch | null;
  readonly edits: readonly Edit[];
}

/** The addresses of a list one by one, each with what it changes in the rule's text. */
function choices(list: AddressList | null): AddressChoice[] {
  if (list === null) return [{ match: null, edits: [] }];
  const { token, items, invert } = list;
  return items.map(({ text, mask }) => ({
    match: { ...mask, invert },
    edits: items.length > 1 ? [replacing(token, text)] : [],
  }));
}
