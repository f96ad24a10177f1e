import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DockfwError } from '../../src/errors.ts';
import { fileCounters, printCounters } from '../../src/ruleset/counters-printer.ts';
import { parseIpsets } from '../../src/ruleset/ipset-parser.ts';
import { parseRuleset } from '../../src/ruleset/parser.ts';

const WORDS =
  '* : # ! - -- -A -I -N -P -m -j -g -p -s -d -i -o -f -c -t filter nat INPUT FORWARD ACCEPT DROP user ' +
  'tcp udp icmp 80 1:2 10.0.0.0/8 ::1 eth+ conntrack --ctstate NEW multiport --dports 1,2:3 ' +
  '--dport --sport --tcp-flags SYN set --match-set src,dst limit --limit 3/m DNAT ' +
  '--to-destination 1.2.3.4:5 " \\ [ ] [1:2] COMMIT u32 --u32 0>>22&0x3C@4=1 string --hex-string ' +
  '|41| --algo bm time --weekdays Mon create add s hash:ip,port range 1.1.1.1,tcp:80 comment';

const line = fc
  .array(fc.oneof(fc.constantFrom(...WORDS.split(' ')), fc.string({ unit: 'binary' })), {
    maxLength: 14,
  })
  .map((words) => words.join(' '));

/** Rules that get past the first words more often than not. */
const rule = fc.tuple(fc.constantFrom('-A INPUT', '-A user', '[1:2] -A INPUT', '-I INPUT 1'), line);

const file = fc
  .array(
    fc.oneof(
      line,
      rule.map((words) => words.join(' ')),
    ),
    { maxLength: 30 },
  )
  .map((lines) => `*filter\n:INPUT ACCEPT [0:0]\n:user - [0:0]\n${lines.join('\n')}\n`);

describe('any text', () => {
  test('is a rule set or problems, never an exception; what was read can be printed', () => {
    let rules = 0;
    fc.assert(
      fc.property(file, fc.constantFrom(4 as const, 6 as const), (text, family) => {
        const { ruleset, problems } = parseRuleset(text, { file: 'fuzz', family });
        for (const problem of problems) {
          expect(problem).toBeInstanceOf(DockfwError);
          expect(problem.format()).toContain(problem.message);
          expect(problem.line).toBeGreaterThan(0);
          expect(problem.column).toBeGreaterThan(0);
        }
        expect(printCounters(ruleset, fileCounters(ruleset))).toContain('');
        rules += ruleset.tables.flatMap(({ chains }) => chains.flatMap((c) => c.rules)).length;
      }),
      { numRuns: 400 },
    );
    expect(rules).toBeGreaterThan(100);
  });

  test('is sets or problems', () => {
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const text = `create s hash:ip,port\n${lines.map((words) => `add s ${words}`).join('\n')}`;
        expect(parseIpsets(text, { file: 'fuzz' }).sets).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });
});
