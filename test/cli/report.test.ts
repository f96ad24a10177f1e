import {
  cpSync,
  createReadStream,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PacketRecord, ReplayResult } from '../../src/index.ts';
import { cli } from './run-cli.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const shop = join(examples, 'shop.pcap');
const bridge = join(examples, 'bridge.pcap');
const ESCAPE = String.fromCharCode(27);
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'dockfw-report-'));
});

afterAll(() => rmSync(dir, { recursive: true }));

describe('the report', () => {
  test('that README.md shows is this one, shortened', async () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const shown = /```\n(examples\/shop\.pcap on [\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const { stdout } = await cli(['replay', shop]);
    const lines = stdout.replaceAll(examples, 'examples/').split('\n');
    expect(shown.split('\n').length).toBeGreaterThan(15);
    expect(shown.split('\n').filter((line) => !lines.includes(line))).toEqual([]);
  });

  test('finds the host beside the capture and says so first', async () => {
    const { status, stdout, stderr } = await cli(['replay', shop]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toBe(`${shop} on ${join(examples, 'shop.host')}`);
  });

  test('falls back on the embedded default and says so first', async () => {
    const { status, stdout } = await cli(['replay', bridge]);
    expect(status).toBe(0);
    expect(stdout.split('\n')[0]).toBe(`${bridge} on the embedded default host`);
    expect(stdout).toMatch(/unpublished +- +2 /);
    expect(stdout).toMatch(/egress +10 /);
  });

  test('fits a screen and names what matters', async () => {
    const { stdout } = await cli(['replay', shop]);
    const lines = stdout.split('\n').slice(1);
    expect(lines.length).toBeLessThan(50);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    expect(stdout).toMatch(/published +626 +640 kB +14 .* to a published port/);
    expect(stdout).toMatch(/drop +5 +filter DOCKER-ISOLATION-STAGE-2 line 36 +-o br-back -j DROP/);
    expect(stdout).toMatch(/From \\ to +outside +back +bridge +shop +vault +host/);
    expect(stdout).toMatch(/15 connections to another destination \(DNAT\)/);
    expect(stdout).toMatch(/1,301 of 1,301 packets seen leaving are as predicted/);
  });

  test('is as narrow as the terminal', async () => {
    const { stdout } = await cli(['replay', shop], {
      isTTY: true,
      columns: 72,
      env: { NO_COLOR: '1' },
    });
    const rules = stdout.slice(stdout.indexOf('Decided by'), stdout.indexOf('\n\nNAT'));
    for (const line of rules.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test.each([
    [{ isTTY: true }, true],
    [{ isTTY: false }, false],
    [{ isTTY: true, env: { NO_COLOR: '1' } }, false],
    [{ isTTY: true, env: { TERM: 'dumb' } }, false],
    [{ isTTY: false, env: { FORCE_COLOR: '1' } }, true],
  ])('colours: %j %s', async (options, colored) => {
    const { stdout } = await cli(['replay', bridge], options);
    expect(stdout.includes(ESCAPE)).toBe(colored);
  });

  test('standard input', async () => {
    const host = ['--host', join(examples, 'shop.host')];
    const { status, stdout } = await cli(['replay', '-', ...host], {
      stdin: createReadStream(shop),
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/4,138 frames/);
  });
});

describe('--json', () => {
  test('is one document with everything', async () => {
    const { status, stdout } = await cli(['replay', shop, '--json']);
    expect(status).toBe(0);
    const result = JSON.parse(stdout) as ReplayResult;
    expect(result.capture).toMatchObject({ format: 'pcap', frames: 4138, linkType: 276 });
    expect(result.host.assumed.map(({ file }) => file)).toContain('conntrack.txt');
    expect(result.frames.inject + result.frames.observe + result.frames.ignore).toBe(4138);
    const sum = (list: readonly { readonly packets: number }[]) =>
      list.reduce((total, { packets }) => total + packets, 0);
    for (const list of [result.paths, result.verdicts, result.reasons, result.classes]) {
      expect(sum(list)).toBe(result.totals.packets);
    }
    expect(sum(result.decisions)).toBe(result.totals.packets);
    expect(result.matrix).toContainEqual({ from: 'outside', to: 'shop', accepted: 9, dropped: 6 });
    expect(result.rules).toContainEqual(
      expect.objectContaining({ table: 'filter', chain: 'FORWARD', number: null, policy: 'DROP' }),
    );
    expect(result.rules.filter(({ number }) => number !== null)).toHaveLength(result.host.rules);
  });

  test('is the same for the same input, but for the speed', async () => {
    const [a, b] = await Promise.all(
      ['1', '3'].map(async (workers) => {
        const { stdout } = await cli(['replay', shop, '--json', '--workers', workers]);
        return { ...(JSON.parse(stdout) as ReplayResult), speed: null };
      }),
    );
    expect(a).toEqual(b);
  });
});

describe('--packets', () => {
  let lines: Record<string, unknown>[];
  const ndjson = () => join(dir, 'packets.ndjson');

  beforeAll(async () => {
    expect((await cli(['replay', shop, '--packets', ndjson()])).status).toBe(0);
    const text = readFileSync(ndjson(), 'utf8');
    lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  });

  test('one record per frame, in order', () => {
    expect(lines.map(({ frame }) => frame)).toEqual(Array.from({ length: 4138 }, (_, i) => i + 1));
  });

  test('with the fields of the contract', () => {
    expect(lines[4]).toEqual({
      frame: 5,
      time: '2026-11-21T03:24:09.831980Z',
      role: 'inject',
      in: 'eth0',
      path: 'forward',
      verdict: 'accept',
      reason: 'rule',
      rule: { table: 'filter', chain: 'DOCKER', number: 3 },
      out: 'br-shop',
      ctstate: 'NEW',
      src: '192.168.1.1',
      sport: 59598,
      dst: '192.168.1.10',
      dport: 8080,
      proto: 'tcp',
      nat: { src: '192.168.1.1', sport: 59598, dst: '172.18.0.2', dport: 80 },
      class: 'published',
    });
  });

  test('every role, and what is not evaluated has no verdict', () => {
    expect(new Set(lines.map(({ role }) => role))).toEqual(
      new Set(['inject', 'observe', 'ignore']),
    );
    for (const line of lines) {
      if (line.role !== 'inject') expect(line).toMatchObject({ verdict: null, rule: null });
      if (line.role === 'observe') expect(line.of).toBeLessThan(Number(line.frame));
      if (line.role === 'ignore') expect(line.reason).toEqual(expect.any(String));
    }
  });

  test('Parquet says the same', async () => {
    const path = join(dir, 'packets.parquet');
    expect((await cli(['replay', shop, '--packets', path])).status).toBe(0);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
    expect(rows).toHaveLength(lines.length);
    const optional = { physin: null, physout: null, of: null, ambiguous: false, differs: false };
    rows.forEach((row, i) => {
      const record = row as unknown as PacketRecord;
      const expected = { ...optional, ...lines[i] } as unknown as PacketRecord;
      const nat = expected.nat && Object.assign({ chosen: false }, expected.nat);
      const of = record.of === null ? null : Number(record.of);
      const groups = { rule: record.rule ?? null, nat: record.nat ?? null }; // hyparquet's nulls
      const frame = Number(record.frame);
      expect({ ...record, ...groups, frame, of }).toEqual({ ...expected, nat });
    });
  });
});

describe('--counters', () => {
  test('the rule set as iptables-save -c writes it', async () => {
    const path = join(dir, 'counters.txt');
    expect((await cli(['replay', shop, '--counters', path])).status).toBe(0);
    const text = readFileSync(path, 'utf8');
    const strip = (save: string) =>
      save
        .split('\n')
        .filter((line) => !line.startsWith('#'))
        .map((line) => line.replace(/\[\d+:\d+\]/, '[]'));
    const input = readFileSync(join(examples, 'shop.host/iptables-save.txt'), 'utf8');
    expect(strip(text)).toEqual(strip(input));
    expect(text).toMatch(/^:FORWARD DROP \[5:298\]$/m);
    expect(text).toMatch(/^\[39:9280\] -A PREROUTING/m);
  });

  test('without rules of the family, an empty file', async () => {
    const path = join(dir, 'counters6.txt');
    expect((await cli(['replay', shop, '--counters6', path])).status).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe('');
  });
});

describe('--fail-on', () => {
  test.each([
    ['drop', 1],
    ['drop:published', 0],
    ['accept:internal', 0],
    ['drop:inter-network', 1],
    ['different', 0],
    ['ambiguous', 1],
    ['different, drop:host', 0],
    ['different,drop', 1],
  ])('%s: exit status %d', async (conditions, status) => {
    const result = await cli(['replay', shop, '--fail-on', conditions]);
    expect(result.status).toBe(status);
    expect(result.stdout).toMatch(/packets entered the host/);
    expect(result.stderr).toMatch(status === 0 ? /^$/ : /^dockfw: --fail-on \w+.*: \d+\n$/);
  });
});

test('names with control characters do not reach the terminal as they are', async () => {
  const path = join(dir, 'control.host');
  cpSync(join(examples, 'shop.host'), path, { recursive: true });
  const evil = '\u001b[31m\u0007\u009b2J\r\n\u202e';
  const replace = (name: string, from: string, to: string) => {
    const text = readFileSync(join(path, name), 'utf8');
    expect(text).toContain(from);
    writeFileSync(join(path, name), text.replaceAll(from, to));
  };
  replace('docker-networks.json', '"Name": "shop"', `"Name": ${JSON.stringify(evil)}`);
  replace('docker-version.json', '20.10.24', JSON.stringify(evil).slice(1, -1));
  replace('iptables-save.txt', 'DOCKER-ISOLATION-STAGE-2', 'DOCKER\u001b[31m');
  const { status, stdout } = await cli(['replay', shop, '--host', path]);
  expect(status).toBe(0);
  expect(stdout).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
  const shown = '\ufffd[31m\ufffd\ufffd2J\ufffd\ufffd\ufffd';
  expect(stdout).toContain(`Docker ${shown}`);
  expect(stdout).toContain(`\n${shown} `);
  expect(stdout).toContain('filter DOCKER\ufffd[31m line 36');
});

test('--rules and --rules6 are asked about the host beside the capture', async () => {
  const path = (name: string, policy: string) => {
    const file = join(dir, name);
    writeFileSync(file, `*filter\n:FORWARD ${policy} [0:0]\nCOMMIT\n`);
    return file;
  };
  const rules = ['--rules', path('other.v4', 'DROP'), '--rules6', path('other.v6', 'ACCEPT')];
  const { stdout } = await cli(['replay', shop, ...rules, '--json']);
  const { host, rules: found } = JSON.parse(stdout) as {
    host: { source: string; interfaces: readonly unknown[]; assumed: readonly { file: string }[] };
    rules: readonly { family: number; chain: string; text: string | null }[];
  };
  expect(host.source).toBe(join(examples, 'shop.host'));
  expect(host.assumed.some(({ file }) => file === 'ip6tables-save.txt')).toBe(false);
  expect(found.map(({ family, chain }) => `${family} ${chain}`)).toEqual([
    '4 FORWARD',
    '6 FORWARD',
  ]);
});

describe('--unknown', () => {
  const rulesWith = (rule: string) => {
    const input = readFileSync(join(examples, 'shop.host/iptables-save.txt'), 'utf8');
    const path = join(dir, 'unknown.v4');
    writeFileSync(path, input.replace(/^\[0:0\] -A DOCKER-USER/m, `${rule}\n$&`));
    return path;
  };
  const rules = () => rulesWith('-A DOCKER-USER -m geoip --source-country NZ -j DROP');

  // A match and a target that are known but cannot be evaluated, and one that is not known.
  test.each([
    ['-A DOCKER-USER -m cpu --cpu 1 -j DROP', /unknown\.v4:\d+:19: match "cpu": which processor/],
    ['-A DOCKER-USER -p tcp -j SYNPROXY', /unknown\.v4:\d+:26: target "SYNPROXY": /],
    ['-A DOCKER-USER -m geoip --cc NZ', /unknown\.v4:\d+:19: match "geoip" is not known/],
  ])('%s is an error that says what and where, or a warning', async (rule, expected) => {
    const args = [
      'replay',
      shop,
      '--host',
      join(examples, 'shop.host'),
      '--rules',
      rulesWith(rule),
    ];
    const strict = await cli(args);
    expect(strict.status).toBe(3);
    expect(strict.stderr).toMatch(/^dockfw: error: /);
    expect(strict.stderr).toMatch(expected);
    expect(strict.stderr).toContain(`\n  ${rule}\n`);
    for (const how of ['match', 'nomatch', 'both']) {
      const tolerant = await cli([...args, '--unknown', how]);
      expect(tolerant.status).toBe(0);
      expect(tolerant.stderr).toMatch(/^dockfw: warning: /);
      expect(tolerant.stderr).toMatch(expected);
    }
  });

  test('a match that cannot be evaluated holds for all packets, or for none', async () => {
    const drops = async (how: string) => {
      const path = rulesWith('-A DOCKER-USER -m cpu --cpu 1 -j DROP');
      const { stdout } = await cli([
        ...['replay', shop, '--host', join(examples, 'shop.host')],
        ...['--rules', path, '--unknown', how],
      ]);
      return /drop +([\d,]+) +filter DOCKER-USER line \d+ +-m cpu/.exec(stdout)?.[1];
    };
    expect(await drops('match')).toMatch(/\d/);
    expect(await drops('nomatch')).toBeUndefined();
  });

  test.each([
    ['nomatch', /\bdrop +5 +filter DOCKER-ISOLATION-STAGE-2/],
    ['match', /\bdrop +\d[\d,]+ +filter DOCKER-USER line \d+ +-m geoip/],
  ])('%s', async (how, expected) => {
    const { status, stdout, stderr } = await cli([
      ...['replay', shop, '--host', join(examples, 'shop.host')],
      ...['--rules', rules(), '--unknown', how],
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(expected);
    expect(stderr).toMatch(/warning: .*match "geoip" is not known/);
  });

  test('both: what depends on it', async () => {
    const { status, stdout } = await cli([
      ...['replay', shop, '--host', join(examples, 'shop.host')],
      ...['--rules', rules(), '--unknown', 'both', '--json'],
    ]);
    expect(status).toBe(0);
    const { unknown } = JSON.parse(stdout) as {
      unknown: { differs: { what: string; ifMatch: number; ifNomatch: number }[] };
    };
    const drop = unknown.differs.find(({ what }) => what === 'drop');
    expect(drop?.ifMatch).toBeGreaterThan(drop?.ifNomatch ?? Number.POSITIVE_INFINITY);
  });
});
