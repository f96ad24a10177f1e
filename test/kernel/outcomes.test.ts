/** Ports that the kernel draws: which of them a comparison may pass over, and which not. */
import type { PacketRecord } from 'dockfw';
import { describe, expect, test } from 'vitest';
import { OutcomeComparison } from './outcomes.ts';

/** A packet to 8.8.8.8:80 that leaves by eth0: its source and those with which it is seen leaving. */
interface Row {
  readonly from: string;
  readonly kernel: number;
  readonly dockfw: number;
}

const LEFT = { src: '192.168.1.10', dst: '8.8.8.8', dport: 80 };

function problemsOf(rows: readonly Row[]): string[][] {
  const comparison = new OutcomeComparison(new Map());
  return rows.map(({ from, kernel, dockfw }, index) => {
    const [src = '', sport] = from.split(':');
    const egress = [{ iface: 'eth0', ...LEFT, sport: kernel, proto: 'tcp', ttl: 63 }];
    const record: PacketRecord = {
      frame: index + 1,
      time: '2026-11-21T00:00:00Z',
      role: 'inject',
      in: 'docker0',
      path: 'forward',
      verdict: 'accept',
      reason: 'policy',
      rule: null,
      out: 'eth0',
      ctstate: 'NEW',
      src,
      sport: Number(sport),
      dst: LEFT.dst,
      dport: LEFT.dport,
      proto: 'tcp',
      nat: { ...LEFT, sport: dockfw, chosen: false },
      class: null,
      physin: null,
      physout: null,
      of: null,
      ambiguous: false,
      differs: false,
    };
    const frame = { frame: record.frame, in: 'docker0', egress };
    return [...(comparison.compare(frame, record)?.problems ?? [])];
  });
}

describe('the port with which a packet left', () => {
  test('may be another one where neither left the packet its own', () => {
    expect(problemsOf([{ from: '172.17.0.2:5000', kernel: 1024, dockfw: 2048 }])).toEqual([[]]);
  });

  test('is its own or another one for both', () => {
    const kept = { from: '172.17.0.2:5000', kernel: 5000, dockfw: 2048 };
    const changed = { from: '172.17.0.2:5000', kernel: 2048, dockfw: 5000 };
    expect(problemsOf([kept])).toEqual([['sport: kernel 5000, dockfw 2048']]);
    expect(problemsOf([changed])).toEqual([['sport: kernel 2048, dockfw 5000']]);
  });

  test('is another one for the side that gave its own away by drawing', () => {
    const drawn = { from: '172.17.0.2:5000', kernel: 20001, dockfw: 20002 };
    const changed = { from: '172.17.0.3:20001', kernel: 7000, dockfw: 20001 };
    const kept = { from: '172.17.0.3:20002', kernel: 20002, dockfw: 8000 };
    expect(problemsOf([drawn, changed, kept, changed])).toEqual([[], [], [], []]);
    expect(problemsOf([changed, drawn])).toEqual([['sport: kernel 7000, dockfw 20001'], []]);
    const neither = { from: '172.17.0.3:20003', kernel: 7000, dockfw: 20003 };
    expect(problemsOf([drawn, neither])).toEqual([[], ['sport: kernel 7000, dockfw 20003']]);
  });
});
