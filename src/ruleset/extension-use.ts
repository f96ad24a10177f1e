/** One use of a match or target in a rule: what is written, and the node it becomes. */
import { type Extension, type Occurrence, Options, type RuleContext } from './extension.ts';
import { Fault } from './fault.ts';
import type { Token } from './lexer.ts';
import type { UnknownMatch } from './match/unknown.ts';
import type { UnknownTarget } from './target/unknown.ts';

export type UnknownNode = UnknownMatch & UnknownTarget;

export interface Use<Node> {
  readonly kind: 'match' | 'target';
  readonly name: string;
  /** undefined: not known (or, for a target, a user chain). */
  readonly extension: Extension<Node> | undefined;
  readonly occurrences: Occurrence[];
  /** All words that belong to it. */
  readonly tokens: Token[];
  /** Something about it has been reported: it becomes an unknown node. */
  faulty: boolean;
}

export function newUse<Node>(
  kind: Use<Node>['kind'],
  name: string,
  extension: Extension<Node> | undefined,
  tokens: readonly Token[],
): Use<Node> {
  return { kind, name, extension, occurrences: [], tokens: [...tokens], faulty: false };
}

/** 1-based column at which a use is named. */
export function columnOf(use: Use<unknown>): number {
  const named = use.tokens.find(({ text }) => text === use.name) ?? use.tokens[0];
  return (named?.start ?? 0) + 1;
}

export function unknownNode(use: Use<unknown>, source: string, line: number): UnknownNode {
  const text = use.tokens.map(({ start, end }) => source.slice(start, end)).join(' ');
  return { kind: 'unknown', name: use.name, text, line };
}

/** The kernel's own restrictions on where an extension may stand. */
function checkPlace(use: Use<unknown>, context: RuleContext, table: string): void {
  const { tables, protocols } = use.extension ?? {};
  if (protocols !== undefined && !(context.proto !== null && protocols.includes(context.proto))) {
    throw new Fault(`needs -p ${protocols.join(' or ')}`, columnOf(use));
  }
  if (tables !== undefined && !tables.includes(table)) {
    throw new Fault(`may stand in table ${tables.join(' or ')} only`, columnOf(use));
  }
}

/** The node of a known extension; throws a Fault where it is not used as it must be. */
export function readNode<Node>(
  use: Use<Node>,
  extension: Extension<Node>,
  context: RuleContext,
  table: string,
): Node {
  try {
    checkPlace(use, context, table);
    return extension.read(new Options(context, use.occurrences, columnOf(use)));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(`${use.name}: ${error.message}`, error.column);
  }
}
