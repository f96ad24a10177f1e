/** The words of a line, taken option by option. */
import type { OptionSpec } from './extension.ts';
import { Fault } from './fault.ts';
import { type Token, tokenize } from './lexer.ts';

export class Words {
  readonly all: readonly Token[];
  readonly #end: number;
  #at = 0;
  /** Index of the first word of the option at hand: its `!`, if it has one. */
  #start = 0;
  #bang: Token | null = null;

  /** The words of `source` from offset `from` on. */
  constructor(source: string, from: number) {
    this.all = tokenize(source, from);
    this.#end = source.length;
  }

  hasMore(): boolean {
    return this.#at < this.all.length;
  }

  /** Takes the `!` of the next option, if it has one, and its own word; null where that is missing. */
  nextOption(): Token | null {
    this.#start = this.#at;
    this.#bang = null;
    const first = this.next();
    if (first.text !== '!') return first;
    this.#bang = first;
    return this.hasMore() ? this.next() : null;
  }

  peek(): Token | undefined {
    return this.all[this.#at];
  }

  next(): Token {
    const token = this.all[this.#at++];
    if (token === undefined) throw new Fault('the line ends too early', this.#end + 1);
    return token;
  }

  /** Whether the option at hand has a `!`. */
  get isInverted(): boolean {
    return this.#bang !== null;
  }

  /** All words of the option at hand that have been taken. */
  get taken(): readonly Token[] {
    return this.all.slice(this.#start, this.#at);
  }

  /** The word at hand holds another option: a `!` was for the one before. */
  sameWord(): void {
    this.#bang = null;
    this.#start = this.#at - 1;
  }

  /** Takes the values of `option`; a `!` before the first of them inverts as well. */
  values(spec: OptionSpec, option: Token, inline: Token | null): Token[] {
    const values = inline === null ? [] : [inline];
    if (spec.invert === true && spec.args > 0 && inline === null && this.#bangFollows()) {
      if (this.#bang !== null) throw new Fault('two "!" for one option', option.start + 1);
      this.#bang = this.next();
    }
    while (values.length < spec.args) {
      const next = this.peek();
      if (spec.optional === true && (next === undefined || /^[-!]/.test(next.text))) break;
      if (next === undefined) throw new Fault(`${option.text} needs a value`, option.start + 1);
      values.push(this.next());
    }
    if (this.#bang !== null && spec.invert !== true) {
      throw new Fault(`${option.text} cannot be inverted`, this.#bang.start + 1);
    }
    return values;
  }

  /** Takes words up to the next that begins an option. */
  skipValues(): void {
    for (;;) {
      const next = this.peek();
      if (next === undefined || isBang(next) || /^--?[a-z]/i.test(next.text)) return;
      this.next();
    }
  }

  #bangFollows(): boolean {
    const [bang, value] = this.all.slice(this.#at, this.#at + 2);
    return bang !== undefined && isBang(bang) && value !== undefined && !/^-./.test(value.text);
  }
}

function isBang(token: Token): boolean {
  return token.text === '!' && token.end - token.start === 1;
}
