/** Rule sets and sets as text: what is wrong becomes a problem with a place, never an exception. */
import assert from 'node:assert/strict';
import { DockfwError } from '../../src/index.ts';
import { fileCounters, printCounters } from '../../src/ruleset/counters-printer.ts';
import { parseIpsets } from '../../src/ruleset/ipset-parser.ts';
import { parseRuleset } from '../../src/ruleset/parser.ts';
import { mutateText } from './mutate.ts';
import { ipsets, rulesets } from './seeds.ts';
import type { Target } from './target.ts';

const LINES = 120;

function checkProblems(problems: readonly unknown[]): void {
  for (const problem of problems) {
    assert(problem instanceof DockfwError);
    assert(problem.format().includes(problem.message));
    assert((problem.line ?? 0) > 0 && (problem.column ?? 0) > 0, problem.message);
  }
}

/** Some lines of a long text. */
function part(lines: readonly string[], first: number): string {
  return lines.slice(first, first + LINES).join('\n');
}

let rules: readonly string[] | undefined;

export const ruleset: Target = {
  name: 'ruleset',

  make(random) {
    rules ??= rulesets();
    const lines = random.pick(rules).split('\n');
    const first = random.chance(0.7) ? 0 : random.int(0, lines.length - 1);
    return Buffer.from(mutateText(random, part(lines, first)));
  },

  async check(input, bench) {
    const text = Buffer.from(input).toString('utf8');
    for (const family of [4, 6] as const) {
      const { ruleset, problems } = parseRuleset(text, { file: 'fuzz', family });
      checkProblems(problems);
      printCounters(ruleset, fileCounters(ruleset));
    }
    await bench.host({ 'iptables-save.txt': text, 'ip6tables-save.txt': text });
  },
};

let sets: readonly string[] | undefined;
const RULE = [
  '*filter',
  ':INPUT ACCEPT [0:0]',
  '-A INPUT -m set --match-set s src,dst',
  'COMMIT',
  '',
];
const KINDS = [
  'hash:ip',
  'hash:net',
  'hash:ip,port',
  'hash:net,port,net',
  'hash:mac',
  'bitmap:port',
];
const SOME = [
  ...KINDS.map((kind) => `create s ${kind} family inet hashsize 1024 maxelem 65536`),
  'create s bitmap:ip range 10.0.0.0/16',
  'create s list:set size 8',
  'add s 10.0.0.1',
  'add s 10.0.0.0/24 nomatch timeout 5',
  'add s 10.0.0.1-10.0.0.9,tcp:80-90',
  'add s 2001:db8::/32,udp:53,::1',
  'add s 02:00:00:00:00:01 packets 5 bytes 10 comment "a b"',
  'add s t before u',
];

export const ipset: Target = {
  name: 'ipset',

  make(random) {
    sets ??= [...ipsets(), SOME.join('\n')];
    const lines = random.pick(sets).split('\n');
    const seed = random.chance(0.5) ? part(lines, 0) : random.some(SOME, 6).join('\n');
    return Buffer.from(mutateText(random, seed));
  },

  async check(input, bench) {
    const text = Buffer.from(input).toString('utf8');
    checkProblems(parseIpsets(text, { file: 'fuzz' }).problems);
    await bench.host({ 'iptables-save.txt': RULE.join('\n'), 'ipset-save.txt': text });
  },
};
