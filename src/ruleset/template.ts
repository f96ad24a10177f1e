/**
 * Reads rules that are like one before. A host with a thousand published ports has thousands of
 * rules of a few kinds:
 *
 *     -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
 *     -A DOCKER -d 172.17.0.3/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 81 -j ACCEPT
 *
 * The first is read word by word and becomes a template with a pattern, in which the chain, the
 * addresses and the values of extensions' options stand open. A line that the pattern takes has the
 * same options at the same places: only its values are read, by the same readers. Where a reader
 * finds fault, the line is read word by word as well, so that there is one way to report it.
 */
import { parseAddressMask } from './address.ts';
import type { CommandLine, LineParts, RuleBody } from './command.ts';
import { type LinePlace, readCommand } from './command-reader.ts';
import { Options } from './extension.ts';
import type { Use } from './extension-use.ts';
import { Fault } from './fault.ts';
import type { Token } from './lexer.ts';
import type { Match } from './match/index.ts';
import type { Target } from './target/index.ts';
import type { AddressMatch } from './values.ts';

/** What the pattern took: the whole line, then its values. */
type Values = readonly string[];

/** A node that is read from values of the line. */
interface Slot<Node> {
  /** The template's own. */
  readonly node: Node;
  /** Indices of its values. */
  readonly at: readonly number[];
  readonly read: (values: Values) => Node;
  /** Nodes by their values: rules with the same share one. */
  readonly known: Map<string, Node>;
}

interface Template {
  readonly table: string;
  readonly pattern: RegExp;
  readonly body: RuleBody;
  readonly src: Slot<AddressMatch | null>;
  readonly dst: Slot<AddressMatch | null>;
  readonly matches: readonly Slot<Match>[];
  readonly target: Slot<Target | null>;
  /** Values before the target's name, and its column without them. */
  readonly valuesBefore: number;
  readonly targetColumn: number;
}

/** `-A` and a blank stand before the chain's name. */
const CHAIN_OFFSET = 3;
const CHAIN_WORD = 1;
/** A word that is one value wherever values may stand: not quoted, not like an option. */
const VALUE = '([^ \\t"!-][^ \\t"]*)';
const WHOLE_VALUE = new RegExp(`^${VALUE}$`);
const NUMBERS = /\d+/g;

/** The lines of one rule set. */
export class Templates {
  /** By table, and the line with all numbers taken for the same; null: it cannot be one. */
  readonly #templates = new Map<string, Template | null>();
  /** The last that was used: most rules are like the one before. */
  #last: Template | null = null;

  /** As readCommand. */
  read(source: string, from: number, place: LinePlace): CommandLine {
    const text = from === 0 ? source : source.slice(from);
    const alike = this.#last?.table === place.table ? fill(this.#last, text, from) : null;
    if (alike !== null) return alike;
    const key = `${place.table} ${text.replace(NUMBERS, '0')}`;
    const template = this.#templates.get(key);
    if (template) {
      this.#last = template;
      const line = fill(template, text, from);
      if (line !== null) return line;
    }
    const { parts, ...line } = readCommand(source, from, place);
    if (template === undefined) {
      const made = templateOf(text, from, place.table, line, parts);
      this.#templates.set(key, made);
      this.#last = made ?? this.#last;
    }
    return line;
  }
}

/** What a line like the template's says; null where it must be read word by word. */
function fill(template: Template, text: string, from: number): CommandLine | null {
  const values = template.pattern.exec(text);
  if (values === null) return null;
  const { body, src, dst, matches, target, targetColumn, valuesBefore } = template;
  try {
    let column = targetColumn + from;
    for (let i = 1; i <= valuesBefore; i++) column += values[i]?.length ?? 0;
    const rule: RuleBody = {
      ...body,
      text,
      src: fillSlot(src, values),
      dst: fillSlot(dst, values),
      matches: matches.map((slot) => fillSlot(slot, values)),
      target: fillSlot(target, values),
      targetColumn: body.target === null ? 0 : column,
    };
    const chain = { text: values[CHAIN_WORD] ?? '', column: from + CHAIN_OFFSET + 1 };
    const command = { kind: 'rule', chain, position: null, rules: [rule] } as const;
    return { command, table: null, problems: [] };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return null;
  }
}

function fillSlot<Node>({ node, at, read, known }: Slot<Node>, values: Values): Node {
  const [first] = at;
  if (first === undefined) return node;
  const key = at.length === 1 ? (values[first] ?? '') : at.map((i) => values[i]).join(' ');
  const have = known.get(key);
  if (have !== undefined) return have;
  const made = read(values);
  known.set(key, made);
  return made;
}

/** The template that a line is; null where it is not one appended rule, or has quotes or tabs. */
function templateOf(
  text: string,
  from: number,
  table: string,
  { command, table: named, problems }: CommandLine,
  parts: LineParts,
): Template | null {
  if (command.kind !== 'rule' || named !== null || problems.length > 0) return null;
  const [body, more] = command.rules;
  // The text of the rule is another where words were left out or stand for others.
  if (body === undefined || more !== undefined || body.text !== text) return null;
  const words = text.split(' ');
  const { tokens, target } = parts;
  const isPlain = words.length === tokens.length && tokens.every((t, i) => t.text === words[i]);
  if (!isPlain || words[0] !== '-A') return null;
  const values = new Map(openTokens(parts).map(({ start }, i) => [start, i + 1]));
  const pattern = tokens.map(({ start, text: word }) =>
    values.has(start) ? VALUE : literally(word),
  );
  const before = tokens.filter(({ start }) => start < body.targetColumn - 1 && values.has(start));
  return {
    table,
    pattern: new RegExp(`^${pattern.join(' ')}$`),
    body,
    src: addressSlot(body.src, parts.src, parts, values),
    dst: addressSlot(body.dst, parts.dst, parts, values),
    matches: body.matches.map((node, i) => slotOf(node, parts.matches[i], parts, values)),
    target: slotOf(body.target, target, parts, values),
    valuesBefore: before.length,
    targetColumn:
      before.reduce((column, { text: { length } }) => column - length, body.targetColumn) - from,
  };
}

/** The words that are values, in the order of the line. */
function openTokens({ tokens, src, dst, matches, target }: LineParts): Token[] {
  const uses = [...matches, ...(target === null ? [] : [target])];
  const args = uses.flatMap(({ occurrences }) => occurrences.flatMap((option) => option.args));
  const starts = new Set(args.map(({ column }) => column - 1));
  return tokens.filter((token, i) => {
    const isOpen = i === CHAIN_WORD || token === src || token === dst || starts.has(token.start);
    return isOpen && WHOLE_VALUE.test(token.text);
  });
}

function literally(word: string): string {
  return word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function constant<Node>(node: Node): Slot<Node> {
  return { node, at: [], read: () => node, known: new Map() };
}

/** `indices`: of values, by their offset in the template's line. */
function addressSlot(
  node: AddressMatch | null,
  value: Token | null,
  { context }: LineParts,
  indices: ReadonlyMap<number, number>,
): Slot<AddressMatch | null> {
  const at = value === null ? undefined : indices.get(value.start);
  if (at === undefined || node === null) return constant(node);
  const { invert } = node;
  const read = (values: Values) => {
    const mask = parseAddressMask(values[at] ?? '', context.family);
    if (mask === null) throw new Fault('expected an address', 1);
    return { ...mask, invert };
  };
  return { node, at: [at], read, known: new Map() };
}

function slotOf<Node>(
  node: Node,
  use: Use<NonNullable<Node>> | null | undefined,
  { context }: LineParts,
  indices: ReadonlyMap<number, number>,
): Slot<Node> {
  const extension = use?.extension;
  if (extension === undefined) return constant(node);
  const given = (use?.occurrences ?? []).map((occurrence) => ({
    occurrence,
    at: occurrence.args.map(({ column }) => indices.get(column - 1)),
  }));
  const at = given.flatMap((option) => option.at).filter((i) => i !== undefined);
  if (at.length === 0) return constant(node);
  const read = (values: Values) => {
    const occurrences = given.map(({ occurrence, at: argsAt }) => ({
      ...occurrence,
      args: occurrence.args.map((arg, i) => ({
        ...arg,
        text: values[argsAt[i] ?? -1] ?? arg.text,
      })),
    }));
    return extension.read(new Options(context, occurrences, 1));
  };
  return { node, at, read, known: new Map() };
}
