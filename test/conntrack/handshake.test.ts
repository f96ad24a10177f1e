/**
 * A SYN+ACK tracked the short way (handshake.ts) leaves its connection as the long way does
 * (tcp.ts), to the byte, wherever it says that it went; else it left the connection alone. Random
 * connections that wait for one, and segments that are one or nearly. (The ACK after it:
 * established.test.ts.)
 */
import { expect, test } from 'vitest';
import * as abi from '../../assembly/abi.ts';
import { Random } from '../oracle/random.ts';
import { Both, type Connection, type Exports, expectAgreement } from './both-ways.ts';
import {
  BE_LIBERAL,
  bytesOf,
  flagsOf,
  IPS_FIXED_TIMEOUT,
  number32,
  SACK_PERM,
  sack,
  TIMESTAMPS,
  WINDOW_SCALE,
} from './random-segment.ts';
import { TCP_STATES } from './status.ts';
import { FIN, SYN } from './wire.ts';

const NOW = 1_700_000_000_000_000_000n;
const SECOND = 1_000_000_000n;
const SYN_SENT = TCP_STATES.indexOf('SYN_SENT');
const MSS = [2, 4, 5, 180];
const SACKS = [4, 2, 1, 1];
const SCALE = [1, 3, 3, 7];
const OPTIONS = [
  [],
  MSS,
  [...MSS, ...SACKS, ...TIMESTAMPS, ...SCALE],
  [...SCALE, ...MSS],
  [0, 0, 0, 0],
];

/** A connection that a SYN began, of late or a few segments ago. */
function beginSent(core: Exports, random: Random): void {
  const status = flagsOf(random, [[IPS_FIXED_TIMEOUT, 0.1]]);
  const state = random.chance(0.05) ? random.int(1, 9) : SYN_SENT;
  core.begin(status, state, NOW + 100n * SECOND, random.int(0, 255));
  const end = number32(random);
  const win = random.pick([1, 512, 65535, random.int(1, 65535)]);
  core.setWindow(0, end, end, win, 0);
  core.setSide(0, random.pick([0, 0, 7, 14]), flagsOf(random, OFFERED));
  core.setWindow(1, 0, win, random.chance(0.9) ? 0 : 1000, 0);
  core.setSide(1, 0, random.chance(0.1) ? BE_LIBERAL : 0);
  core.setLast(0, 0, 0, 0, random.pick([0, 0, win]), random.pick([0, 0, 0, 2, 3, 255]));
}

const OFFERED = [
  [WINDOW_SCALE, 0.6],
  [SACK_PERM, 0.6],
  [BE_LIBERAL, 0.1],
] as const;

function randomAnswer(random: Random, { windows: [asked] }: Connection): Uint8Array {
  const ack = asked.end + random.pick([0, 0, 0, 0, 0, 0, 1, -1]);
  const options = random.chance(0.1) ? sack(ack + random.int(-2, 2)) : random.pick(OPTIONS);
  const win = random.pick([0, 1, 65535, random.int(0, 65535)]);
  const length = random.pick([0, 0, 0, 0, 1, random.int(1, 1460)]);
  const bytes = bytesOf(random, { seq: number32(random), ack, win, options, length });
  const flags = flagsOf(random, [
    [SYN, 0.95],
    [FIN, 0.05],
  ]);
  bytes[13] = (bytes[13] ?? 0) | flags;
  return bytes;
}

const HOSTS: readonly (readonly [string, Readonly<Record<number, number>>])[] = [
  ["the kernel's defaults", {}],
  ['an early end', { [abi.SYSCTL_CT_TCP_TIMEOUT_MAX_RETRANS]: 30 }],
  ['liberal', { [abi.SYSCTL_CT_TCP_BE_LIBERAL]: 1, [abi.SYSCTL_CT_TCP_MAX_RETRANS]: 2 }],
];

test.each(HOSTS)('%s', async (_, sysctls) => {
  const both = await Both.start(sysctls);
  const random = new Random(3);
  const seen = new Map<string, number>();
  const connections = 40_000;
  for (let i = 0; i < connections; i++) {
    beginSent(both.core, random);
    const before = both.connection('long');
    const bytes = randomAnswer(random, before);
    const finding = both.answer(bytes, NOW);
    expectAgreement(both, finding, { connection: i, bytes: [...bytes], before });
    if (finding !== 'equal') continue;
    const after = both.connection('short');
    const [asked, answered] = after.windows;
    const happened = {
      followed: true,
      'no scale for either': before.windows[0].scale !== asked.scale,
      'a scale for both': answered.scale !== 0,
      'more allowed': before.windows[0].maxEnd !== asked.maxEnd,
      'SACK permitted': (answered.flags & SACK_PERM) !== 0,
      'of a fixed end': before.conn.expires === after.conn.expires,
    };
    for (const [what, is] of Object.entries(happened)) {
      if (is) seen.set(what, (seen.get(what) ?? 0) + 1);
    }
  }
  expect([...seen.values()].filter((times) => times > 500)).toHaveLength(6);
  expect(seen.get('followed')).toBeGreaterThan(0.3 * connections);
  expect(seen.get('followed')).toBeLessThan(0.9 * connections);
});
