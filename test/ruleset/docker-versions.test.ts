/**
 * Rule sets of Docker versions that cannot be recorded here: they are read, compiled and judged.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compile, judge, type PacketSpec, readHost } from '../../src/index.ts';
import { fileCounters, printCounters } from '../../src/ruleset/counters-printer.ts';
import { parseRuleset } from '../../src/ruleset/parser.ts';

const directory = join(import.meta.dirname, 'docker');
const files = readdirSync(directory).filter((name) => name.endsWith('.txt'));

const outside = { in: 'eth0', src: '8.8.8.8', dst: '192.168.1.10' } as const;
const container = { in: 'br-shop', src: '172.18.0.2' } as const;
const packets: Readonly<Record<string, PacketSpec>> = {
  published: { ...outside, dport: 8080 },
  direct: { ...outside, dst: '172.18.0.2', dport: 80 },
  unpublished: { ...outside, dst: '172.18.0.2', dport: 81 },
  ping: { ...outside, dst: '172.18.0.2', proto: 'icmp' },
  egress: { ...container, dst: '8.8.8.8', dport: 80 },
  other: { ...container, dst: '172.17.0.2', dport: 80 },
};

/** Of each network, what comes through, in every version. */
const accepted: Readonly<Record<string, readonly string[]>> = {
  ports: ['published', 'egress'],
  lo: ['egress'],
  // These listings leave out the raw table, which drops what goes directly.
  noicc: ['published', 'direct', 'egress'],
  noproxy: ['published', 'direct', 'egress'],
  natunprot: ['published', 'direct', 'unpublished', 'ping', 'egress'],
  routed: ['direct', 'ping', 'egress'],
};

test('all listings are there', () => expect(files).toHaveLength(27));

describe.each(files)('%s', (file) => {
  const path = join(directory, file);

  test('is read, printed again and compiled', async () => {
    const text = readFileSync(path, 'utf8');
    const { ruleset, problems } = parseRuleset(text, { file, family: 4 });
    expect(problems).toEqual([]);
    const printed = printCounters(ruleset, fileCounters(ruleset));
    const rules = (of: string) => of.split('\n').flatMap((line) => /-A .*/.exec(line)?.[0] ?? []);
    expect(rules(printed)).toEqual(rules(text));
    const host = await readHost({ dir: join(directory, 'host'), rules: path });
    expect([...host.problems, ...compile(host).problems]).toEqual([]);
  });

  const network = /^docker[\d.]+-(.*)\.txt$/.exec(file)?.[1] ?? '';
  test.runIf(network in accepted)('lets through what it should', async () => {
    const compiled = compile(await readHost({ dir: join(directory, 'host'), rules: path }));
    const through: string[] = [];
    for (const [name, packet] of Object.entries(packets)) {
      const { verdict, path: way } = await judge(compiled, packet);
      if (verdict === 'accept' && way === 'forward') through.push(name);
    }
    expect(through).toEqual(accepted[network]);
  });
});
