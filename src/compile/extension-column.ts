/** Where in a rule an extension is named. */
import type { Rule } from '../ruleset/rule.ts';

const OPTIONS = { match: '(?:-m|--match)', target: '(?:-j|--jump|-g|--goto)' } as const;

/** 1-based column of the name behind -m or -j; of the rule where it stands by another name. */
export function extensionColumn(rule: Rule, kind: keyof typeof OPTIONS, name: string): number {
  const option = new RegExp(`(?:^|\\s)${OPTIONS[kind]}\\s+(?=${name}(?:\\s|$))`).exec(rule.text);
  return option === null ? rule.column : rule.column + option.index + option[0].length;
}
