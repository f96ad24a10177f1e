import { describe, expect, test } from 'vitest';
import { readCommand } from '../../src/ruleset/command-reader.ts';
import { Fault } from '../../src/ruleset/fault.ts';
import { Templates } from '../../src/ruleset/template.ts';
import type { Family } from '../../src/ruleset/values.ts';
import { missing, rulesets } from './corpus.ts';

/** A line read word by word, or why it cannot be. */
function wordByWord(line: string, from: number, family: Family, table: string): unknown {
  try {
    const { parts: _, ...read } = readCommand(line, from, { family, table, line: 1 });
    return read;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { message: error.message, column: error.column };
  }
}

function asTemplates(
  templates: Templates,
  line: string,
  from: number,
  family: Family,
  table: string,
) {
  try {
    return templates.read(line, from, { family, table, line: 1 });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { message: error.message, column: error.column };
  }
}

/** Lines of one table, each read both ways. */
function expectSame(lines: readonly string[], family: Family = 4, table = 'nat'): void {
  const templates = new Templates();
  for (const line of lines) {
    const from = /^\[\d+:\d+\] /.exec(line)?.[0].length ?? 0;
    const want = wordByWord(line, from, family, table);
    expect(asTemplates(templates, line, from, family, table), line).toEqual(want);
  }
}

const RULE =
  '-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80';

describe('lines like one before', () => {
  test.for([
    ['another port', RULE.replace('8080', '443')],
    ['a port that is none', RULE.replace('8080', '80800')],
    ['a range of ports', RULE.replace('8080', '1000:2000')],
    ['a service', RULE.replace('8080', 'https')],
    ['another chain', RULE.replace('DOCKER', 'DOCKER-2')],
    ['another address', RULE.replace('172.17.0.2', '10.0.0.1')],
    ['an address that is none', RULE.replace('172.17.0.2', '10.0.0.256')],
    ['another interface', RULE.replace('docker0', 'docker1')],
    ['another protocol', RULE.replace('-p tcp', '-p udp')],
    ['another protocol by number', RULE.replace('-p tcp', '-p 17')],
    ['no inversion', RULE.replace('! -i', '-i')],
    ['an inverted value', RULE.replace('--dport', '! --dport')],
    ['an inversion in place of a value', RULE.replace('8080', '! 8080')],
    ['a value that is missing', RULE.replace('8080 ', '')],
    ['an option as value', RULE.replace('8080', '-j')],
    ['a quoted value', RULE.replace('8080', '"8080"')],
    ['a quoted value with a blank', RULE.replace('8080', '"80 80"')],
    ['two blanks', RULE.replace(' -p', '  -p')],
    ['a tab', RULE.replace(' -p', '\t-p')],
    ['a blank at the end', `${RULE} `],
    ['an option more', `${RULE} --random`],
    ['an option inline', RULE.replace('--dport ', '--dport=')],
    ['counters before it', `[17:4711] ${RULE}`],
    ['counters behind it', `${RULE} -c 1 2`],
    ['a table', `${RULE} -t nat`],
    ['an inserted rule', RULE.replace('-A DOCKER', '-I DOCKER 2')],
    ['a rule for IPv6', `${RULE} -6`],
    ['a quoted option', RULE.replace('8080', '"--dport"')],
    ['a quoted backslash', RULE.replace('8080', '"80\\\\80"')],
    ['a quote that goes on', RULE.replace('8080', '"80"80')],
    ['an empty value', RULE.replace('8080', '""')],
  ])('%s', ([, line = '']) => {
    expectSame([RULE, line, RULE, line, RULE.replace('8080', '9'), line.replace('2', '3')]);
  });

  test('jumps, by whatever name', () => {
    const names = ['NEXT', 'OTHER', 'ACCEPT', 'CONTINUE', 'DNAT', '"NEXT"', 'return', 'LAST'];
    expectSame(names.map((name) => `-A DOCKER -p tcp -j ${name}`));
    expectSame(names.map((name) => `-A DOCKER -p tcp -g ${name}`));
  });

  test('comments, quoted or not', () => {
    const comments = ['"a b"', '"c"', 'd', '"e \\" f"', '"-j DROP"', '"! x"', '""', '"i" j', 'k'];
    expectSame(comments.map((comment) => `-A X -m comment --comment ${comment} -j ACCEPT`));
  });

  test('more kinds than are kept', () => {
    const protocols = Array.from({ length: 20 }, (_, number) => `-A X -p ${number} -j ACCEPT`);
    expectSame([...protocols, ...protocols]);
  });

  test('lists of addresses make several rules', () => {
    const list = (addresses: string) => `-A POSTROUTING -s ${addresses} -j MASQUERADE`;
    expectSame([list('10.0.0.1'), list('10.0.0.1,10.0.0.2'), list('10.0.0.3'), list('::1')]);
  });

  test('rules with the same values share nodes', () => {
    const templates = new Templates();
    const bodies = ['DOCKER', 'A', 'B', 'C2'].map((chain) => {
      const line = RULE.replace('DOCKER', chain);
      const { command } = templates.read(line, 0, { family: 4, table: 'nat', line: 1 });
      return command.kind === 'rule' ? command.rules[0] : undefined;
    });
    const [, first, ...others] = bodies;
    expect(first?.target).toMatchObject({ kind: 'DNAT' });
    for (const body of others) {
      expect(body?.matches[0]).toBe(first?.matches[0]);
      expect(body?.target).toBe(first?.target);
    }
  });
});

/** Other numbers in the place of all but the first few. */
function* variants(line: string): Generator<string> {
  yield line;
  yield line.replace(/\d+/g, (digits) => String(Number(digits.slice(0, 6)) + 1));
  yield line.replace(/\b\d+\b/g, '7');
  yield line.replace(/\d/, '99999');
}

describe.skipIf(missing !== null)('every rule of the test data, and others like it', () => {
  test.for(rulesets())('$name', ({ text, family }) => {
    let table = 'filter';
    const templates = new Templates();
    for (const line of text.split(/\r?\n/)) {
      if (line.startsWith('*')) table = line.slice(1);
      if (!/^(\[\d+:\d+\] )?-A/.test(line)) continue;
      for (const like of variants(line)) {
        const from = like.indexOf('-A');
        const want = wordByWord(like, from, family, table);
        expect(asTemplates(templates, like, from, family, table), like).toEqual(want);
      }
    }
  });
});
