import { describe, expect, test } from 'vitest';
import { fileCounters, printCounters } from '../../src/ruleset/counters-printer.ts';
import { parseIpsets } from '../../src/ruleset/ipset-parser.ts';
import { parseRuleset } from '../../src/ruleset/parser.ts';
import { ipsets, missing, rulesets } from './corpus.ts';

/** Lines that say something: without comments, counters and line ends. */
function substance(text: string): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace(/^\[\d+:\d+\] /, '').replace(/ \[\d+:\d+\]$/, ''));
}

describe.skipIf(missing !== null)('every rule set of the test data', () => {
  test.for(rulesets())('$name', ({ name, text, family }) => {
    const { ruleset, problems } = parseRuleset(text, { file: name, family });
    expect(problems.map((problem) => problem.format())).toEqual([]);
    const rules = ruleset.tables.flatMap(({ chains }) => chains.flatMap((chain) => chain.rules));
    const kinds = rules.flatMap((rule) => [...rule.matches, rule.target].map((node) => node?.kind));
    expect(kinds).not.toContain('unknown');

    const printed = printCounters(ruleset, fileCounters(ruleset));
    if (text.includes('\n*') || text.startsWith('*')) {
      expect(substance(printed)).toEqual(substance(text));
      const withCounters = /^\[\d+:\d+\] -A/m.test(text);
      const lines = text.split(/\r?\n/).filter((line) => /^[:[]/.test(line));
      if (withCounters)
        expect(printed.split('\n').filter((line) => /^[:[]/.test(line))).toEqual(lines);
    } else {
      const isRule = (line: string) => line.startsWith('-A');
      expect(substance(printed).filter(isRule)).toEqual(substance(text).filter(isRule));
    }
    const again = parseRuleset(printed, { file: name, family }).ruleset;
    expect(printCounters(again, fileCounters(again))).toBe(printed);
  });

  test('there are many, of all kinds', () => {
    const files = rulesets();
    expect(files.length).toBeGreaterThan(40);
    const kinds = new Set<string>();
    for (const { name, text, family } of files) {
      for (const { chains } of parseRuleset(text, { file: name, family }).ruleset.tables) {
        for (const rule of chains.flatMap((chain) => chain.rules)) {
          for (const { kind } of rule.matches) kinds.add(kind);
          if (rule.target !== null) kinds.add(rule.target.kind);
        }
      }
    }
    expect(kinds.size).toBeGreaterThan(40);
  });
});

describe.skipIf(missing !== null)('every ipset of the test data', () => {
  test.for(ipsets())('$name', ({ name, text }) => {
    const { sets, problems } = parseIpsets(text, { file: name });
    expect(problems.map((problem) => problem.format())).toEqual([]);
    const lines = text.split('\n');
    expect(sets).toHaveLength(lines.filter((line) => line.startsWith('create ')).length);
    expect(sets.flatMap(({ entries }) => entries)).toHaveLength(
      lines.filter((line) => line.startsWith('add ')).length,
    );
  });
});
