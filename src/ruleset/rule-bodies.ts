/** The rules that the options of a line make. */
import { type AddressChoice, choices } from './address-list.ts';
import type { BaseOptions } from './base-options.ts';
import type { LinePlace, LineProblem, RuleBody } from './command.ts';
import type { RuleContext } from './extension.ts';
import { columnOf, readNode, type UnknownNode, type Use, unknownNode } from './extension-use.ts';
import { Fault } from './fault.ts';
import type { Match } from './match/index.ts';
import type { RuleExtensions } from './rule-extensions.ts';
import { editedText } from './rule-text.ts';
import type { Target } from './target/index.ts';

/** What a line holds; its rules' text begins at offset `from` of `source`. */
export interface LineContent {
  readonly source: string;
  readonly from: number;
  readonly place: LinePlace;
  readonly base: BaseOptions;
  readonly extensions: RuleExtensions;
}

export function contextOf({ family }: LinePlace, { proto }: BaseOptions): RuleContext {
  const known = proto !== null && !proto.invert && proto.number !== 0;
  return { family, proto: known ? proto.number : null };
}

/** One rule for each pair of source and destination. Adds what it finds wrong to `problems`. */
export function ruleBodies(line: LineContent, problems: LineProblem[]): RuleBody[] {
  const { base, extensions } = line;
  const matches = extensions.matches.map((use) => nodeOf(use, line, problems));
  const target = targetOf(extensions.target, line, problems);
  const destinations = choices(base.dst);
  return choices(base.src).flatMap((src) =>
    destinations.map((dst) => ruleBody(line, src, dst, matches, target)),
  );
}

function ruleBody(
  { source, from, base, extensions }: LineContent,
  src: AddressChoice,
  dst: AddressChoice,
  matches: readonly Match[],
  target: Target | null,
): RuleBody {
  return {
    text: editedText(source, from, [...base.edits, ...src.edits, ...dst.edits]),
    src: src.match,
    dst: dst.match,
    in: base.in?.match ?? null,
    out: base.out?.match ?? null,
    proto: base.proto,
    fragment: base.fragment,
    matches,
    target,
    targetColumn: extensions.target === null ? 0 : columnOf(extensions.target),
    goto: extensions.goto,
    counters: base.counters,
  };
}

function targetOf(
  use: Use<Target> | null,
  line: LineContent,
  problems: LineProblem[],
): Target | null {
  if (use === null) return null;
  const isChain = use.extension === undefined && !use.faulty;
  return isChain ? { kind: 'jump', chain: use.name } : nodeOf(use, line, problems);
}

function nodeOf<Node>(
  use: Use<Node>,
  { source, place, base }: LineContent,
  problems: LineProblem[],
): Node | UnknownNode {
  if (use.extension !== undefined && !use.faulty) {
    try {
      return readNode(use, use.extension, contextOf(place, base), place.table);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      problems.push({ fault: error });
    }
  }
  return unknownNode(use, source, place.line);
}
