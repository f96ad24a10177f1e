/**
 * Reads one command line of a rule set (`-A …`, `-I …`, `-N …`, `-P …`), word by word, as iptables'
 * do_parse does (iptables/xshared.c). What is not understood is reported and becomes an `unknown`
 * node in its place, so that the rest of the rule is kept.
 */
import { BaseOptions } from './base-options.ts';
import type { Command, CommandLine, LineParts, LinePlace, LineProblem } from './command.ts';
import type { OptionSpec } from './extension.ts';
import { Fault } from './fault.ts';
import type { Token } from './lexer.ts';
import { type BaseOption, findShort } from './option-table.ts';
import { contextOf, type LineContent, ruleBodies } from './rule-bodies.ts';
import { RuleExtensions } from './rule-extensions.ts';
import { Words } from './words.ts';

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

class CommandReader {
  readonly #source: string;
  readonly #place: LinePlace;
  readonly #words: Words;
  readonly #problems: LineProblem[] = [];
  readonly #seen = new Set<BaseOption>();
  readonly #base: BaseOptions;
  readonly #extensions: RuleExtensions;

  constructor(source: string, from: number, place: LinePlace) {
    this.#source = source;
    this.#place = place;
    this.#words = new Words(source, from);
    this.#base = new BaseOptions(place.family, this.#words);
    this.#extensions = new RuleExtensions(place.family, this.#words, this.#problems);
  }

  read(): CommandLine {
    while (this.#words.hasMore()) {
      const token = this.#words.nextOption();
      if (token === null) this.#extensions.stray('nothing follows this "!"');
      else this.#word(token);
    }
    const command = this.#command();
    // iptables stops at -4 or -6 and never looks at the rest.
    const problems = command.kind === 'ignored' ? [] : this.#problems;
    return { command, table: this.#base.table, problems };
  }

  parts(): LineParts {
    const base = this.#base;
    return {
      tokens: this.#words.all,
      src: base.src?.token ?? null,
      dst: base.dst?.token ?? null,
      in: base.in?.token ?? null,
      out: base.out?.token ?? null,
      matches: this.#extensions.matches,
      target: this.#extensions.target,
      context: contextOf(this.#place, base),
    };
  }

  #word(token: Token): void {
    const { text } = token;
    if (text.startsWith('--') && text.length > 2) this.#long(token);
    else if (text.startsWith('-') && text.length > 1) this.#short(token);
    else this.#extensions.stray(`expected an option, found "${text}"`);
  }

  /** `--name` and `--name=value`. */
  #long(token: Token): void {
    const equals = token.text.indexOf('=');
    const name = token.text.slice(2, equals < 0 ? undefined : equals);
    const inline = equals < 0 ? null : tail(token, equals + 1);
    const option = this.#extensions.find(name, this.#base.proto);
    if (option === undefined) this.#extensions.unknownOption(token);
    else if (option.owner !== null) this.#extensions.option(option.owner, option, token, inline);
    else this.#option(option.id as BaseOption, option.spec, token, inline);
  }

  /** `-x`, `-x value`, `-xvalue`, and several letters without values in one word. */
  #short(token: Token): void {
    for (let i = 1; i < token.text.length; i++) {
      const letter = token.text.charAt(i);
      const option = findShort(letter);
      if (i > 1) this.#words.sameWord();
      if (option === undefined) {
        this.#extensions.stray(`unknown option -${letter}`);
        return;
      }
      const inline = option.spec.args > 0 && i + 1 < token.text.length ? tail(token, i + 1) : null;
      this.#option(option.id, option.spec, token, inline);
      if (inline !== null) return;
    }
  }

  /** One of iptables' own options. */
  #option(id: BaseOption, spec: OptionSpec, token: Token, inline: Token | null): void {
    try {
      const values = this.#words.values(spec, token, inline);
      if (this.#seen.has(id) && id !== 'match' && id !== 'ignored') {
        throw new Fault(`${token.text} is given twice`, token.start + 1);
      }
      this.#seen.add(id);
      const value = values[0] ?? token;
      if (id === 'match') this.#extensions.match(token, value);
      else if (id === 'jump' || id === 'goto') this.#extensions.jump(id, token, value);
      else this.#base.apply(id, token, values);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#problems.push({ fault: error });
      this.#extensions.keepUnknown();
    }
  }

  #command(): Command {
    const { kind, chain, policy, position, otherFamily } = this.#base;
    if (otherFamily) return { kind: 'ignored' };
    if (kind === null || chain === null) {
      const first = this.#problems[0]?.fault;
      throw first ?? new Fault('expected -A, -I, -N or -P', this.#from + 1);
    }
    if (kind === 'new-chain') return { kind, chain };
    if (kind === 'policy') return { kind, chain, policy: policy ?? chain };
    return { kind: 'rule', chain, position, rules: ruleBodies(this.#content(), this.#problems) };
  }

  #content(): LineContent {
    return {
      source: this.#source,
      from: this.#from,
      place: this.#place,
      base: this.#base,
      extensions: this.#extensions,
    };
  }

  /** Offset of the first word. */
  get #from(): number {
    return this.#words.all[0]?.start ?? 0;
  }
}

/** The rest of a word that holds an option and its value. */
function tail(token: Token, from: number): Token {
  return { text: token.text.slice(from), start: token.start + from, end: token.end };
}
