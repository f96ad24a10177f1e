/**
 * The matches and the target of a rule, as its words name them and give them options. What is not
 * known becomes a use without an extension, which has its words and makes an `unknown` node.
 */
import type { LineProblem } from './command.ts';
import { argumentOf } from './extension.ts';
import { columnOf, newUse, type Use } from './extension-use.ts';
import { Fault } from './fault.ts';
import type { Token } from './lexer.ts';
import { matchExtension } from './match/extensions.ts';
import type { Match } from './match/index.ts';
import { type FoundOption, findByBeginning, findExact } from './option-table.ts';
import { implicitMatch } from './protocols.ts';
import type { ProtocolMatch } from './rule.ts';
import { targetExtension } from './target/extensions.ts';
import type { Target } from './target/index.ts';
import type { Family } from './values.ts';
import type { Words } from './words.ts';

export type AnyUse = Use<Match> | Use<Target>;

export class RuleExtensions {
  /** In source order, words that belong to nothing among them. */
  readonly matches: Use<Match>[] = [];
  target: Use<Target> | null = null;
  goto = false;
  /** Everything whose options are known by now. */
  readonly #loaded: AnyUse[] = [];
  readonly #family: Family;
  readonly #words: Words;
  readonly #problems: LineProblem[];

  /** Problems are added to `problems`. */
  constructor(family: Family, words: Words, problems: LineProblem[]) {
    this.#family = family;
    this.#words = words;
    this.#problems = problems;
  }

  /** `-m value` */
  match(token: Token, value: Token): void {
    const extension = matchExtension(this.#family, value.text);
    const use = newUse('match', value.text, extension, [token, value]);
    this.#load(use);
    if (extension === undefined) this.#unknownExtension(use);
  }

  /** `-j value` and `-g value` */
  jump(id: 'jump' | 'goto', token: Token, value: Token): void {
    if (this.target !== null) throw new Fault('a second target', token.start + 1);
    if (id === 'jump' && value.text === 'CONTINUE') return;
    this.goto = id === 'goto';
    const extension = this.goto ? undefined : targetExtension(this.#family, value.text);
    this.target = newUse('target', value.text, extension, [token, value]);
    this.#loaded.push(this.target);
  }

  /** Which option `--name` is, in a rule for `proto`; undefined for none and for several. */
  find(name: string, proto: ProtocolMatch | null): FoundOption<AnyUse> | undefined {
    const exact = findExact(name, this.#loaded);
    if (exact !== undefined) return exact;
    // An extension that is not known may have any option: a beginning proves nothing then.
    const last = this.#loaded.at(-1);
    if (last !== undefined && last.extension === undefined) return undefined;
    const [found, other] = findByBeginning(name, this.#loaded);
    return other === undefined ? (found ?? this.#findImplicit(name, proto)) : undefined;
  }

  /** Loads the match of the rule's protocol if the option is one of its own. */
  #findImplicit(name: string, proto: ProtocolMatch | null): FoundOption<AnyUse> | undefined {
    const match = proto === null ? undefined : implicitMatch(proto.number);
    const extension = match === undefined ? undefined : matchExtension(this.#family, match);
    if (extension === undefined) return undefined;
    if (this.#loaded.some((loaded) => loaded.extension === extension)) return undefined;
    const use = newUse('match', extension.name, extension, []);
    const options = [findExact(name, [use]), ...findByBeginning(name, [use])];
    const option = options.find((candidate) => candidate?.owner === use);
    if (option !== undefined) this.#load(use);
    return option;
  }

  #load(use: Use<Match>): void {
    this.matches.push(use);
    this.#loaded.push(use);
  }

  /** Gives `use` its option with the values that follow. */
  option(use: AnyUse, option: FoundOption<AnyUse>, token: Token, inline: Token | null): void {
    try {
      const args = this.#words.values(option.spec, token, inline).map(argumentOf);
      const again = use.occurrences.some(({ id }) => id === option.id);
      if (again && option.spec.multiple !== true) {
        throw new Fault(`${token.text} is given twice`, token.start + 1);
      }
      use.occurrences.push({
        id: option.id,
        name: token.text.split('=')[0] ?? token.text,
        args,
        invert: this.#words.isInverted,
        column: token.start + 1,
      });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      use.faulty = true;
      this.#problems.push({ fault: error });
    }
    use.tokens.push(...this.#words.taken);
  }

  /** An option that nothing known has, or several: it goes to the last extension not known. */
  unknownOption(token: Token): void {
    this.#words.skipValues();
    const use = this.#loaded.at(-1);
    if (use === undefined || use.extension !== undefined) {
      const candidates = findByBeginning(token.text.slice(2), this.#loaded);
      const names = candidates.map((candidate) => `--${candidate.name}`).join(' or ');
      this.stray(names === '' ? `unknown option ${token.text}` : `"${token.text}" may be ${names}`);
      return;
    }
    use.tokens.push(...this.#words.taken);
    // A user chain takes no options, so this is a target, and not a known one.
    if (!use.faulty) this.#unknownExtension(use);
  }

  #unknownExtension(use: AnyUse): void {
    use.faulty = true;
    const fault = new Fault(`${use.kind} "${use.name}" is not known`, columnOf(use));
    this.#problems.push({ fault, extension: { name: use.name, kind: use.kind } });
  }

  /** The words at hand belong to nothing. */
  stray(message: string): void {
    const column = (this.#words.taken[0]?.start ?? 0) + 1;
    this.#problems.push({ fault: new Fault(message, column) });
    this.keepUnknown();
  }

  /** Keeps the words at hand as a match that is not understood. */
  keepUnknown(): void {
    const { taken } = this.#words;
    const use = newUse<Match>('match', taken[0]?.text ?? '', undefined, taken);
    use.faulty = true;
    this.matches.push(use);
  }
}
