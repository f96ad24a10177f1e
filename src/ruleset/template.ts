/**
 * Reads rules that are like one before. A host with a thousand published ports has thousands of
 * rules of a few kinds:
 *
 *     -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
 *     -A DOCKER -d 172.17.0.3/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 81 -j ACCEPT
 *
 * The first is read word by word and becomes a template with a pattern, in which chains, addresses,
 * interfaces and the values of extensions' options stand open. A line that the pattern takes has
 * the same options at the same places: only its values are read, by the same readers. Where a
 * reader finds fault, the line is read word by word as well, so that there is one way to report it.
 */
import { parseAddressMask } from './address.ts';
import type { CommandLine, LineParts, LinePlace, RuleBody } from './command.ts';
import { readCommand } from './command-reader.ts';
import { Options } from './extension.ts';
import type { Use } from './extension-use.ts';
import { Fault } from './fault.ts';
import type { Token } from './lexer.ts';
import type { Match } from './match/index.ts';
import { interfaceName } from './readers.ts';
import { targetExtension } from './target/extensions.ts';
import type { Target } from './target/index.ts';
import type { AddressMatch, InterfaceMatch } from './values.ts';

/** What the pattern took: the whole line, then its values, as they are written. */
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
  readonly in: Slot<InterfaceMatch | null>;
  readonly out: Slot<InterfaceMatch | null>;
  readonly matches: readonly Slot<Match>[];
  readonly target: Slot<Target | null>;
  /** Values before the target's name, and its offset without them. */
  readonly valuesBefore: number;
  readonly targetOffset: number;
}

/** Templates of lines with the same options, and how many lines were tried as one. */
interface Alike {
  readonly templates: Template[];
  tried: number;
}

/** Lines that differ in more ways than this are read word by word. */
const MAX_ALIKE = 8;
/** `-A` and a blank stand before the chain's name, the second word. */
const CHAIN_OFFSET = 3;
const CHAIN_WORD = 1;
/** A word that is one value wherever values may stand: it looks like no option, quoted or not. */
const VALUE = '("(?![-!])[^"\\\\]*"|[^ \\t"!-][^ \\t"]*)';
const WHOLE_VALUE = new RegExp(`^${VALUE}$`);
const NO_OPTIONS = / [^-! ][^ ]*/g;

/** The lines of one rule set. */
export class Templates {
  /** By table and options. */
  readonly #alike = new Map<string, Alike>();
  /** What took the line before: most lines are like that. */
  #last: Template | null = null;

  /** As readCommand. */
  read(source: string, from: number, place: LinePlace): CommandLine {
    const text = from === 0 ? source : source.slice(from);
    if (this.#last?.table === place.table) {
      const line = fill(this.#last, text, from);
      if (line !== null) return line;
    }
    const alike = this.#alikeOf(`${place.table} ${text.replace(NO_OPTIONS, '')}`);
    for (const template of alike.templates) {
      const line = fill(template, text, from);
      if (line === null) continue;
      this.#last = template;
      return line;
    }
    const { parts, ...line } = readCommand(source, from, place);
    if (alike.tried++ < MAX_ALIKE) {
      const template = templateOf(text, from, place.table, line, parts);
      if (template !== null) alike.templates.push(template);
    }
    return line;
  }

  #alikeOf(key: string): Alike {
    const known = this.#alike.get(key);
    if (known !== undefined) return known;
    const alike: Alike = { templates: [], tried: 0 };
    this.#alike.set(key, alike);
    return alike;
  }
}

/** What a line like the template's says; null where it must be read word by word. */
function fill(template: Template, text: string, from: number): CommandLine | null {
  const values = template.pattern.exec(text);
  if (values === null) return null;
  const { body, matches, targetOffset, valuesBefore } = template;
  try {
    let offset = from + targetOffset;
    for (let i = 1; i <= valuesBefore; i++) offset += values[i]?.length ?? 0;
    const rule: RuleBody = {
      text,
      src: fillSlot(template.src, values),
      dst: fillSlot(template.dst, values),
      in: fillSlot(template.in, values),
      out: fillSlot(template.out, values),
      proto: body.proto,
      fragment: body.fragment,
      matches: matches.map((slot) => fillSlot(slot, values)),
      target: fillSlot(template.target, values),
      targetColumn: body.target === null ? 0 : offset + 1,
      goto: body.goto,
      counters: body.counters,
    };
    const chain = { text: valueAt(values, CHAIN_WORD), column: from + CHAIN_OFFSET + 1 };
    const command = { kind: 'rule', chain, position: null, rules: [rule] } as const;
    return { command, table: null, problems: [] };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return null;
  }
}

function fillSlot<Node>({ node, at, read, known }: Slot<Node>, values: Values): Node {
  const first = at[0];
  if (first === undefined) return node;
  const key = at.length === 1 ? (values[first] ?? '') : at.map((i) => values[i]).join(' ');
  const have = known.get(key);
  if (have !== undefined) return have;
  const made = read(values);
  known.set(key, made);
  return made;
}

function valueAt(values: Values, at: number): string {
  const value = values[at] ?? '';
  return value.startsWith('"') ? value.slice(1, -1) : value;
}

/** The template that a line is; null where it is not one appended rule of plain words. */
function templateOf(
  text: string,
  from: number,
  inTable: string,
  { command, table, problems }: CommandLine,
  parts: LineParts,
): Template | null {
  if (command.kind !== 'rule' || table !== null || problems.length > 0) return null;
  const [body, more] = command.rules;
  // The text of the rule is another where words were left out or stand for others.
  if (body === undefined || more !== undefined || body.text !== text) return null;
  const { tokens } = parts;
  const words = tokens.map(({ start, end }) => text.slice(start - from, end - from));
  if (words[0] !== '-A' || words.join(' ') !== text) return null;
  const open = openTokens(parts, words);
  const values = new Map(open.map(({ start }, i) => [start, i + 1]));
  const pattern = tokens.map(({ start }, i) => (values.has(start) ? VALUE : literally(words[i])));
  const before = open.filter(({ start }) => start < body.targetColumn - 1);
  const lengths = before.reduce((sum, { start, end }) => sum + end - start, 0);
  return {
    table: inTable,
    pattern: new RegExp(`^${pattern.join(' ')}$`),
    body,
    src: addressSlot(body.src, parts.src, parts, values),
    dst: addressSlot(body.dst, parts.dst, parts, values),
    in: interfaceSlot(body.in, parts.in, values),
    out: interfaceSlot(body.out, parts.out, values),
    matches: body.matches.map((node, i) => slotOf(node, parts.matches[i], parts, values)),
    target: targetSlot(body, parts, values),
    valuesBefore: before.length,
    targetOffset: body.targetColumn - 1 - from - lengths,
  };
}

/** The words that are values, in the order of the line. */
function openTokens(parts: LineParts, words: readonly string[]): Token[] {
  const { tokens, matches, target } = parts;
  const uses = target === null ? matches : [...matches, target];
  const args = uses.flatMap(({ occurrences }) => occurrences.flatMap((option) => option.args));
  const starts = new Set(args.map(({ column }) => column - 1));
  const others = new Set([tokens[CHAIN_WORD], parts.src, parts.dst, parts.in, parts.out]);
  others.add(chainToken(parts));
  return tokens.filter(
    (token, i) =>
      (others.has(token) || starts.has(token.start)) && WHOLE_VALUE.test(words[i] ?? ''),
  );
}

/** The name of the chain that the rule jumps to. */
function chainToken({ target }: LineParts): Token | undefined {
  return target?.extension === undefined ? target?.tokens[1] : undefined;
}

function literally(word = ''): string {
  return word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function constant<Node>(node: Node): Slot<Node> {
  return { node, at: [], read: () => node, known: new Map() };
}

/** Indices of values, by their offset in the template's line. */
type Indices = ReadonlyMap<number, number>;

/** A node that one word makes. */
function wordSlot<Node>(
  node: Node,
  word: Token | null | undefined,
  indices: Indices,
  read: (word: string) => Node,
): Slot<Node> {
  const at = indices.get(word?.start ?? -1);
  if (at === undefined) return constant(node);
  return { node, at: [at], read: (values) => read(valueAt(values, at)), known: new Map() };
}

function addressSlot(
  node: AddressMatch | null,
  word: Token | null,
  { context }: LineParts,
  indices: Indices,
): Slot<AddressMatch | null> {
  const invert = node?.invert ?? false;
  return wordSlot(node, word, indices, (text) => {
    const mask = parseAddressMask(text, context.family);
    if (mask === null) throw new Fault('expected an address', 1);
    return { ...mask, invert };
  });
}

function interfaceSlot(
  node: InterfaceMatch | null,
  word: Token | null,
  indices: Indices,
): Slot<InterfaceMatch | null> {
  const invert = node?.invert ?? false;
  return wordSlot(node, word, indices, (text) => ({
    ...interfaceName({ text, column: 1 }),
    invert,
  }));
}

function targetSlot(body: RuleBody, parts: LineParts, indices: Indices): Slot<Target | null> {
  const chain = chainToken(parts);
  if (chain === undefined) return slotOf(body.target, parts.target, parts, indices);
  return wordSlot(body.target, chain, indices, (name) => {
    // What -j names may be a target, and CONTINUE is none at all.
    const isChain = targetExtension(parts.context.family, name) === undefined;
    if (!body.goto && (!isChain || name === 'CONTINUE')) throw new Fault('no chain', 1);
    return { kind: 'jump', chain: name };
  });
}

/** A node that an extension reads from its options. */
function slotOf<Node>(
  node: Node,
  use: Use<NonNullable<Node>> | null | undefined,
  { context }: LineParts,
  indices: Indices,
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
    const occurrences = given.map(({ occurrence, at: argsAt }) => {
      const { id, name, invert, column } = occurrence;
      const args = occurrence.args.map((arg, i) => {
        const index = argsAt[i];
        return index === undefined ? arg : { text: valueAt(values, index), column: arg.column };
      });
      return { id, name, args, invert, column };
    });
    return extension.read(new Options(context, occurrences, 1));
  };
  return { node, at, read, known: new Map() };
}
