/**
 * Random TCP segments that a Linux 6.18 kernel judged (forwarded between two veth pairs, its state
 * told by nftables, its entry read from /proc/net/nf_conntrack after each): the core must agree on
 * every one. One conversation per line of kernel/tcp.ndjson.gz.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Tracker } from './harness.ts';
import { IPS_ASSURED, IPS_SEEN_REPLY, TCP_STATES } from './status.ts';
import { tcp } from './wire.ts';

interface Row {
  readonly d: 0 | 1;
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly win: number;
  readonly length: number;
  readonly opts: readonly number[];
  readonly want: string;
  readonly entry: null | {
    readonly timeout: number;
    readonly state: string;
    readonly assured: boolean;
    readonly replied: boolean;
    readonly src: string;
  };
}

const file = new URL('./kernel/tcp.ndjson.gz', import.meta.url);
const conversations = gunzipSync(readFileSync(file))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { sp: number; dp: number; rows: readonly Row[] });

const SIDES = ['10.0.0.2', '192.0.2.2'] as const;

describe('TCP as the kernel judged it', () => {
  it(`agrees on ${conversations.length} conversations`, async () => {
    const t = await Tracker.create();
    const states = new Map<string, number>();
    let at = 0;
    conversations.forEach(({ sp, dp, rows }, conversation) => {
      at += 1_000_000; // everything before is dead
      rows.forEach((row, i) => {
        const from = SIDES[row.d];
        const to = SIDES[1 - row.d] ?? '';
        const ports = row.d === 0 ? ([sp, dp] as const) : ([dp, sp] as const);
        const segment = { ...row, options: row.opts };
        const got = t.send(tcp(from, to, ports[0], ports[1], segment), { at });
        const state = got.dir === '-' ? got.state : `${got.state}/${got.dir}`;
        states.set(state, (states.get(state) ?? 0) + 1);
        const entry = t.entries()[0];
        const seen = entry && {
          timeout: entry.timeout,
          state: TCP_STATES[entry.state],
          assured: (entry.status & IPS_ASSURED) !== 0,
          replied: (entry.status & IPS_SEEN_REPLY) !== 0,
          src: `src=${entry.original.split(':')[0]}`,
        };
        const want = row.entry === null ? undefined : { ...row.entry };
        // The kernel's clock ran on while the entry was read.
        if (want && seen && Math.abs(want.timeout - seen.timeout) <= 2) want.timeout = seen.timeout;
        const where = `conversation ${conversation}, segment ${i}`;
        if (JSON.stringify([state, seen]) !== JSON.stringify([row.want, want])) {
          expect([where, state, seen]).toEqual([where, row.want, want]);
        }
      });
    });
    expect([...states.keys()].sort()).toEqual([
      'ESTABLISHED/original',
      'ESTABLISHED/reply',
      'INVALID',
      'NEW/original',
    ]);
  });
});
