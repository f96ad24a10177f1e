/**
 * What a match or target file declares so that rules with it can be read: its options and how they
 * become the node. The rule reader finds the options (option-table.ts) and calls `read` at the end.
 */
import { Fault } from './fault.ts';
import type { Token } from './lexer.ts';
import type { Family, Invertible } from './values.ts';

export interface OptionSpec {
  /** Options with the same id are synonyms; without it, the option's own name. */
  readonly id?: string;
  /** Words that follow the option. */
  readonly args: 0 | 1 | 2;
  /** `!` may stand before it. */
  readonly invert?: boolean;
  /** May be repeated. */
  readonly multiple?: boolean;
  /** The first word after it is an argument only if it does not look like an option. */
  readonly optional?: boolean;
}

export const FLAG: OptionSpec = { args: 0 };
export const FLAG_OR_NOT: OptionSpec = { args: 0, invert: true };
export const VALUE: OptionSpec = { args: 1 };
export const VALUE_OR_NOT: OptionSpec = { args: 1, invert: true };

/** The same option under another name. */
export function alias(id: string, spec: OptionSpec): OptionSpec {
  return { ...spec, id };
}

/** An option as it stands in a rule. */
export interface Occurrence {
  readonly id: string;
  /** As written, with dashes. */
  readonly name: string;
  readonly args: readonly Argument[];
  readonly invert: boolean;
  /** 1-based. */
  readonly column: number;
}

/** A word and where it starts (1-based column). */
export interface Argument {
  readonly text: string;
  readonly column: number;
}

export function argumentOf(token: Token): Argument {
  return { text: token.text, column: token.start + 1 };
}

/** What an extension may know of its rule besides its own options. */
export interface RuleContext {
  readonly family: Family;
  /** Protocol of the rule; null without `-p`, with `-p all`, or inverted. */
  readonly proto: number | null;
}

export interface Extension<Node> {
  readonly name: string;
  /** Other names that load it. */
  readonly aliases?: readonly string[];
  /** Absent: both. */
  readonly family?: Family;
  /** The kernel takes it only in rules with `-p` one of these. */
  readonly protocols?: readonly number[];
  /** The kernel takes it only in these tables. */
  readonly tables?: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  /**
   * Builds the node; throws a Fault where an option's value is wrong or one is missing. Nothing but
   * the options and their context may go into it: rules with the same values share it.
   */
  readonly read: (options: Options) => Node;
}

type Reader<T> = (arg: Argument, context: RuleContext) => T;

/** The options of one use of an extension. */
export class Options {
  readonly context: RuleContext;
  readonly occurrences: readonly Occurrence[];
  readonly #column: number;

  /** `column`: where the extension is named, for what is missing. */
  constructor(context: RuleContext, occurrences: readonly Occurrence[], column: number) {
    this.context = context;
    this.occurrences = occurrences;
    this.#column = column;
  }

  find(id: string): Occurrence | undefined {
    const { occurrences } = this;
    for (let i = 0; i < occurrences.length; i++) {
      const occurrence = occurrences[i];
      if (occurrence?.id === id) return occurrence;
    }
    return undefined;
  }

  has(id: string): boolean {
    return this.find(id) !== undefined;
  }

  /** true: given, false: given with `!`, null: not given. */
  asked(id: string): boolean | null {
    const occurrence = this.find(id);
    return occurrence === undefined ? null : !occurrence.invert;
  }

  /** The value, or `otherwise` where the option is not given. */
  value<T, D>(id: string, reader: Reader<T>, otherwise: D): T | D {
    const occurrence = this.find(id);
    return occurrence === undefined ? otherwise : this.argument(occurrence, reader);
  }

  /** The value of an option that must be given. */
  required<T>(id: string, reader: Reader<T>): T {
    return this.argument(this.need(id), reader);
  }

  /** The object with its `invert`; null where the option is not given. */
  inverted<T extends object>(id: string, reader: Reader<T>): (T & Invertible) | null {
    const occurrence = this.find(id);
    if (occurrence === undefined) return null;
    return { ...this.argument(occurrence, reader), invert: occurrence.invert };
  }

  need(id: string): Occurrence {
    const occurrence = this.find(id);
    if (occurrence === undefined) throw this.fault(`--${id} is missing`);
    return occurrence;
  }

  /** The one of `ids` that is given; a Fault if there are several. */
  oneOf(ids: readonly string[]): Occurrence | undefined {
    let first: Occurrence | undefined;
    for (const occurrence of this.occurrences) {
      if (!ids.includes(occurrence.id)) continue;
      if (first !== undefined) {
        throw new Fault(`${occurrence.name} excludes ${first.name}`, occurrence.column);
      }
      first = occurrence;
    }
    return first;
  }

  needOneOf(ids: readonly string[]): Occurrence {
    const occurrence = this.oneOf(ids);
    if (occurrence !== undefined) return occurrence;
    throw this.fault(`one of ${ids.map((id) => `--${id}`).join(', ')} is missing`);
  }

  argument<T>(occurrence: Occurrence, reader: Reader<T>, index = 0): T {
    const arg = occurrence.args[index];
    if (arg === undefined) throw new Fault(`${occurrence.name} needs a value`, occurrence.column);
    return reader(arg, this.context);
  }

  fault(message: string): Fault {
    return new Fault(message, this.#column);
  }
}

/** Extensions by name and alias, for each family. */
export function extensionsByFamily<Node>(
  extensions: readonly Extension<Node>[],
): Readonly<Record<Family, ReadonlyMap<string, Extension<Node>>>> {
  const byName = (family: Family) =>
    new Map(
      extensions
        .filter((extension) => extension.family === undefined || extension.family === family)
        .flatMap((extension) =>
          [extension.name, ...(extension.aliases ?? [])].map((name) => [name, extension] as const),
        ),
    );
  return { 4: byName(4), 6: byName(6) };
}
