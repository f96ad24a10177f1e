/** Access lists that are long enough for everything that cut trees do for very many boxes. */
import { expect, test } from 'vitest';
import { accessRules, firstMatch } from '../../bench/traffic/access-rules.ts';
import { dotted, iptablesText } from '../../bench/traffic/access-texts.ts';
import { accessTrace, HEADER_WORDS } from '../../bench/traffic/access-trace.ts';
import { TableCore, type TestPacket } from './harness.ts';
import { STRUCTURE_CUTS } from './structures.ts';

const PACKETS = 640;

test.for([10_000, 40_000])('the first of %i rules', async (size) => {
  const rules = accessRules(size);
  const text = iptablesText(rules);
  const core = await TableCore.of(text, { 'iptables-save.txt': text });
  const chain = core.chain('filter', 'FORWARD', 4);
  expect(core.structure(chain)).toBe(STRUCTURE_CUTS);
  const headers = accessTrace(rules, PACKETS, true);
  const packets = Array.from({ length: PACKETS }, (_, i): TestPacket => {
    const [src = 0, dst = 0, ports = 0, proto = 0] = headers.subarray(i * HEADER_WORDS);
    const addresses = { src: dotted(src), dst: dotted(dst) };
    return { ...addresses, proto, sport: ports & 0xffff, dport: ports >>> 16 };
  });
  const { known, walks } = core.walkAhead(chain, chain, packets);
  expect(known).toBeGreaterThan(PACKETS * 0.8);
  const deciders = new Set<number>();
  for (const [i, packet] of packets.entries()) {
    const first = firstMatch(rules, headers.subarray(i * HEADER_WORDS, (i + 1) * HEADER_WORDS));
    const { decidedBy } = core.walk(chain, packet);
    const number = (counter: number | undefined) =>
      core.compiled.counters[counter ?? -1]?.number ?? 0;
    const found = { asked: number(decidedBy), ahead: number(walks[i]?.decidedBy) };
    expect({ packet, ...found }).toEqual({ packet, asked: first, ahead: first });
    deciders.add(first);
  }
  expect(deciders.size).toBeGreaterThan(PACKETS / 4);
});
