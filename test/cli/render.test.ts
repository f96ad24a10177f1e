import { describe, expect, test } from 'vitest';
import type { PacketRecord } from '../../src/analysis/packet.ts';
import type { Decision, MatrixCell, ReplayResult } from '../../src/analysis/result.ts';
import { decisionSection } from '../../src/report/decisions.ts';
import { bytes, count, cut, duration, plural, rate } from '../../src/report/format.ts';
import { matrixSection } from '../../src/report/matrix.ts';
import { packetLine } from '../../src/report/ndjson.ts';
import { style } from '../../src/report/style.ts';
import { table } from '../../src/report/table.ts';

const plain = style(false);

describe('quantities', () => {
  test.each([
    [count(0), '0'],
    [count(1234567), '1,234,567'],
    [bytes(999), '999 B'],
    [bytes(1000), '1.00 kB'],
    [bytes(999_499), '999 kB'],
    [bytes(999_500), '1.00 MB'],
    [bytes(50e9), '50.0 GB'],
    [duration(0.0123), '0.012 s'],
    [duration(12.44), '12.4 s'],
    [duration(99.97), '1 min 40 s'],
    [duration(3 * 3600 + 61), '3 h 1 min'],
    [duration(50 * 3600), '2 d 2 h'],
    [rate(999), '999'],
    [rate(5_310_000), '5.31 M'],
    [plural(1, 'packet'), '1 packet'],
    [plural(2000, 'packet'), '2,000 packets'],
    [cut('abcdef', 4), 'abc…'],
    [cut('abcd', 4), 'abcd'],
  ])('%s', (text, expected) => {
    expect(text).toBe(expected);
  });
});

test('a table is aligned, and no line ends in spaces', () => {
  const cell = (text: string) => ({ text });
  const rows = [
    [cell('a'), cell('1'), cell('x')],
    [cell('long'), cell('100'), cell('')],
  ];
  expect(table(rows, ['left', 'right', 'left'])).toEqual(['a       1  x', 'long  100']);
});

describe('the matrix', () => {
  const result = (matrix: readonly MatrixCell[]) => ({ matrix }) as unknown as ReplayResult;
  const cell = (from: string, to: string, accepted: number, dropped: number): MatrixCell => {
    return { from, to, accepted, dropped };
  };

  test('is a grid: accepted, dropped with a minus', () => {
    const cells = [cell('outside', 'web', 7, 0), cell('web', 'db', 2, 1), cell('db', 'web', 0, 3)];
    expect(matrixSection(result(cells), plain, 80)).toEqual([
      'From \\ to  web    db',
      'outside      7     ·',
      'web          ·  2 -1',
      'db          -3     ·',
    ]);
  });

  test('is a list of the largest where a grid is too wide', () => {
    const name = (i: number) => `network-with-a-long-name-${i}`;
    const cells = Array.from({ length: 12 }, (_, i) => cell(name(i), name(i + 1), i + 1, 0));
    const lines = matrixSection(result(cells), plain, 80);
    expect(lines[0]).toBe('Connections');
    expect(lines[1]).toBe(`${name(11)}  →  ${name(12)}  12`);
    expect(lines.at(-1)).toBe('and 2 pairs more, see --json');
  });

  test('has no room for names without end, and does not take one for another', () => {
    const name = (last: string) => `${'n'.repeat(1000)}${last}`;
    const cells = [cell(name('a'), name('b'), 1, 0), cell(name('b'), name('a'), 2, 0)];
    const cutName = `${'n'.repeat(39)}…`;
    expect(matrixSection(result(cells), plain, 100)).toEqual([
      'Connections',
      `${cutName}  →  ${cutName}  2`,
      `${cutName}  →  ${cutName}  1`,
    ]);
  });
});

test('decisions: rule, policy, reason', () => {
  const rule = { family: 4, table: 'filter', chain: 'FORWARD', number: 2, line: 9 } as const;
  const totals = { packets: 1, bytes: 60, connections: 1 };
  const decisions: Decision[] = [
    { ...totals, verdict: 'drop', reason: 'no-route', rule: null },
    { ...totals, verdict: 'drop', reason: 'policy', rule: { ...rule, number: null, text: '' } },
    {
      ...totals,
      verdict: 'accept',
      reason: 'rule',
      rule: { ...rule, text: '-A FORWARD -j ACCEPT' },
    },
  ];
  const result = { decisions } as unknown as ReplayResult;
  expect(decisionSection(result, plain, 100)).toEqual([
    'Decided by',
    'drop    1                         no route to the destination',
    'drop    1  filter FORWARD line 9  the policy of FORWARD',
    'accept  1  filter FORWARD line 9  -j ACCEPT',
  ]);
});

test('a packet record is valid JSON whatever the names are', () => {
  const name = 'we"ird\\';
  const record: PacketRecord = {
    frame: 1,
    time: '2026-01-01T00:00:00.000000Z',
    role: 'inject',
    in: name,
    path: 'input',
    verdict: 'queue',
    reason: 'rule',
    rule: { table: 'filter', chain: name, number: 1 },
    out: null,
    ctstate: null,
    src: '::1',
    sport: 7,
    dst: '::2',
    dport: null,
    proto: 'icmpv6',
    nat: { src: '::1', sport: 7, dst: '::3', dport: null, chosen: true },
    class: 'to-host',
    physin: name,
    physout: null,
    of: null,
    ambiguous: true,
    differs: false,
  };
  const { physout, of, differs, ...rest } = record;
  expect([physout, of, differs]).toEqual([null, null, false]);
  expect(JSON.parse(packetLine(record))).toEqual(rest);
});
