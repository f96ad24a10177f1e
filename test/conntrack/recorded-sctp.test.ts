/**
 * Random SCTP packets that a Linux 6.18 kernel tracked: the core must agree on every one. One
 * association per line of kernel/sctp.ndjson.gz, recorded as kernel/README.md says.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { Tracker } from './harness.ts';
import { IPS_ASSURED, IPS_SEEN_REPLY } from './status.ts';

interface Row {
  readonly d: 0 | 1;
  /** The IP packet. */
  readonly hex: string;
  readonly want: string;
  readonly entry: null | {
    readonly timeout: number;
    readonly state: string;
    readonly assured: boolean;
    readonly replied: boolean;
    readonly src: string;
  };
}

const STATES = [
  ...['NONE', 'CLOSED', 'COOKIE_WAIT', 'COOKIE_ECHOED', 'ESTABLISHED', 'SHUTDOWN_SENT'],
  ...['SHUTDOWN_RECD', 'SHUTDOWN_ACK_SENT', 'HEARTBEAT_SENT'],
];

const file = new URL('./kernel/sctp.ndjson.gz', import.meta.url);
const associations = gunzipSync(readFileSync(file))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { rows: readonly Row[] });

it(`tracks SCTP as the kernel did in ${associations.length} associations`, async () => {
  const t = await Tracker.create();
  let at = 0;
  associations.forEach(({ rows }, association) => {
    at += 1000; // everything before is dead
    rows.forEach((row, i) => {
      const got = t.send(Uint8Array.from(Buffer.from(row.hex, 'hex')), { at });
      const state = got.dir === '-' ? got.state : `${got.state}/${got.dir}`;
      const entry = t.entries()[0];
      const seen = entry && {
        timeout: entry.timeout,
        state: STATES[entry.state],
        assured: (entry.status & IPS_ASSURED) !== 0,
        replied: (entry.status & IPS_SEEN_REPLY) !== 0,
        src: `src=${entry.original.split(':')[0]}`,
      };
      const want = row.entry === null ? undefined : { ...row.entry };
      // The kernel's clock ran on while the entry was read.
      if (want && seen && Math.abs(want.timeout - seen.timeout) <= 1) want.timeout = seen.timeout;
      const where = `association ${association}, packet ${i}: ${row.hex}`;
      if (JSON.stringify([state, seen]) !== JSON.stringify([row.want, want])) {
        expect([where, state, seen]).toEqual([where, row.want, want]);
      }
    });
  });
});
