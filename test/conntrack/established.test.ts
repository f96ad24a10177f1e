/**
 * The short way of packets of established connections (established.ts) leaves a connection as the
 * long way does (tcp.ts, udp.ts), to the byte, wherever it says that it went; where it says that it
 * did not, it left the connection alone. Random connections and segments, most of them around what
 * decides: the edges of windows, repetitions, sequence numbers that wrap around.
 */
import { describe, expect, test } from 'vitest';
import * as abi from '../../assembly/abi.ts';
import { Random } from '../oracle/random.ts';
import { Both, type Connection, expectAgreement, OF_WINDOW, type Window } from './both-ways.ts';
import { beginConnection, bytesOf, randomSegment, repeated } from './random-segment.ts';
import { IPS_ASSURED, IPS_SEEN_REPLY } from './status.ts';

const CONNECTIONS = 2500;
const PACKETS = 60;
const START = 1_700_000_000_000_000_000n;

/** How often each thing happened to segments that went the short way. */
class Seen {
  readonly counts = new Map<string, number>();

  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  segment(before: Connection, after: Connection, dir: number, options: readonly number[]): void {
    const changed = (of: number, field: keyof Window): boolean =>
      before.windows[of]?.[field] !== after.windows[of]?.[field];
    for (const field of OF_WINDOW) {
      if (changed(dir, field)) this.add(`the sender's ${field}`);
      if (changed(1 - dir, field)) this.add(`the receiver's ${field}`);
    }
    if (after.last.retrans > 0) this.add('repeated');
    if (before.conn.state !== after.conn.state) this.add('established');
    if (before.conn.status !== after.conn.status) this.add('assured');
    if (before.conn.expires === after.conn.expires) this.add('of a fixed end');
    const [from, to] = [before.windows[dir]?.end ?? 0, after.windows[dir]?.end ?? 0];
    if (to < from) this.add('wrapped around');
    if (options.length > 0) this.add('with options');
  }
}

const HAPPENS = [
  ...["the sender's end", "the sender's maxWin", "the sender's maxAck", "the sender's flags"],
  ...["the receiver's maxEnd", "the receiver's maxWin", "the receiver's flags"],
  ...['repeated', 'established', 'assured', 'of a fixed end', 'wrapped around', 'with options'],
];

const HOSTS: readonly (readonly [string, Readonly<Record<number, number>>])[] = [
  ["the kernel's defaults", {}],
  [
    'many repetitions, an early end',
    {
      [abi.SYSCTL_CT_TCP_MAX_RETRANS]: 255,
      [abi.SYSCTL_CT_TCP_TIMEOUT_ESTABLISHED]: 200,
      [abi.SYSCTL_CT_TCP_TIMEOUT_MAX_RETRANS]: 100,
    },
  ],
  ['liberal', { [abi.SYSCTL_CT_TCP_BE_LIBERAL]: 1, [abi.SYSCTL_CT_TCP_MAX_RETRANS]: 2 }],
];

describe.each(HOSTS)('%s', (_, sysctls) => {
  test('TCP', async () => {
    const both = await Both.start(sysctls);
    const random = new Random(1);
    const seen = new Seen();
    let now = START;
    let followed = 0;
    for (let i = 0; i < CONNECTIONS; i++) {
      beginConnection(both.core, random, now);
      for (let k = 0; k < PACKETS; k++) {
        now += BigInt(random.int(0, 1_000_000));
        const before = both.connection('long');
        const again = random.chance(0.2);
        const dir = again ? before.last.Dir : random.int(0, 1);
        const segment = again ? repeated(before) : randomSegment(random, before, dir);
        const bytes = bytesOf(random, segment);
        const finding = both.segment(dir, bytes, now);
        expectAgreement(both, finding, { connection: i, segment, dir, before });
        if (finding !== 'equal') continue;
        followed++;
        seen.segment(before, both.connection('short'), dir, segment.options);
      }
    }
    const segments = CONNECTIONS * PACKETS;
    expect(followed).toBeGreaterThan(0.3 * segments);
    expect(followed).toBeLessThan(0.9 * segments);
    const rare = HAPPENS.filter((what) => (seen.counts.get(what) ?? 0) < 100);
    expect(rare).toEqual([]);
  });

  test('UDP', async () => {
    const both = await Both.start(sysctls);
    const random = new Random(2);
    const now = START;
    const ends = new Map<string, number>();
    for (let i = 0; i < 10_000; i++) {
      beginConnection(both.core, random, now, random.pick([0, IPS_SEEN_REPLY]));
      both.core.setStream(now + BigInt(random.int(-2, 2)));
      const bytes = new Uint8Array(8 + random.int(0, 100));
      const length = bytes.length + random.pick([0, 0, 0, -1, 1, -bytes.length, -3]);
      new DataView(bytes.buffer).setUint16(4, Math.max(0, length));
      const finding = both.datagram(bytes, now);
      expectAgreement(both, finding, { connection: i, length, of: bytes.length });
      const { status, expires } = both.connection('short').conn;
      const end = finding === 'equal' ? `${status & IPS_ASSURED} ${expires}` : 'left alone';
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    // a stream or not, of a fixed end or not, assured already or not
    expect([...ends.values()].filter((times) => times > 100)).toHaveLength(6);
  });
});
