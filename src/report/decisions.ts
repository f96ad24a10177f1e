import type { Decision, ReplayResult, RuleReference } from '../analysis/result.ts';
import { count, cut } from './format.ts';
import type { Style } from './style.ts';
import { type Cell, GAP_WIDTH, table, tableWidth } from './table.ts';
import { REASON_MEANING } from './words.ts';

const DROPS = 8;
const ALL = 12;
/** Columns before the rule's text; the text gets what is left. */
const TEXT_MIN = 24;

/** Who decided most, drops first: the rule's line and text, the policy, or the reason. */
export function decisionSection({ decisions }: ReplayResult, look: Style, width: number): string[] {
  if (decisions.length === 0) return [];
  const drops = decisions.filter(({ verdict }) => verdict !== 'accept').slice(0, DROPS);
  const rest = decisions.filter(({ verdict }) => verdict === 'accept').slice(0, ALL - drops.length);
  const rows = [...drops, ...rest].map((decision) => row(decision, look));
  const fixed = rows.map((cells) => cells.slice(0, -1));
  const room = Math.max(TEXT_MIN, width - tableWidth(fixed) - GAP_WIDTH);
  const cutRows = rows.map((cells) => [
    ...cells.slice(0, -1),
    ...cells.slice(-1).map(({ text, paint }) => ({ text: cut(text, room), paint })),
  ]);
  const more = decisions.length - rows.length;
  return [
    look.heading('Decided by'),
    ...table(cutRows, ['left', 'right', 'left', 'left']),
    ...(more > 0 ? [look.faint(`and ${more} more, see --json`)] : []),
  ];
}

function row({ verdict, packets, rule, reason }: Decision, look: Style): Cell[] {
  return [
    { text: verdict, paint: verdict === 'accept' ? look.good : look.bad },
    { text: count(packets) },
    { text: rule === null ? '' : place(rule) },
    { text: rule === null ? REASON_MEANING[reason] : ruleText(rule) },
  ];
}

function place({ family, table: name, chain, line }: RuleReference): string {
  return `${family === 6 ? 'v6 ' : ''}${name} ${chain}${line > 0 ? ` line ${line}` : ''}`;
}

function ruleText({ number, text, chain }: RuleReference): string {
  return number === null ? `the policy of ${chain}` : text.replace(/^-A \S+ ?/, '');
}
