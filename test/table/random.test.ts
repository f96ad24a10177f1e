import { expect, test } from 'vitest';
import { TableCore } from './harness.ts';
import { walkNaively } from './naive.ts';
import { generator, randomPacket, randomTable } from './random.ts';
import { STRUCTURE_GROUPS, STRUCTURE_SCAN, STRUCTURE_WORD, STRUCTURE_WORDS } from './structures.ts';

interface Size {
  readonly rules: number;
  readonly structure: number;
  readonly seeds: number;
  readonly packets: number;
}

const SIZES: readonly Size[] = [
  { rules: 1, structure: STRUCTURE_SCAN, seeds: 30, packets: 200 },
  { rules: 10, structure: STRUCTURE_WORD, seeds: 30, packets: 300 },
  { rules: 64, structure: STRUCTURE_WORD, seeds: 12, packets: 500 },
  { rules: 65, structure: STRUCTURE_WORDS, seeds: 12, packets: 500 },
  { rules: 1000, structure: STRUCTURE_WORDS, seeds: 4, packets: 400 },
  { rules: 10000, structure: STRUCTURE_GROUPS, seeds: 1, packets: 200 },
];

for (const { rules, structure, seeds, packets } of SIZES) {
  test(`${rules} rules are decided as one by one`, async () => {
    const outcomes = new Map<string, number>();
    for (let seed = 1; seed <= seeds; seed++) {
      const text = randomTable(seed * 1000 + rules, rules);
      const core = await TableCore.of(text);
      const table = core.compiled.host.rulesets.v4?.tables[0];
      if (table === undefined) throw new Error('no table');
      const chain = core.chain('filter', 'FORWARD');
      expect(core.structure(chain)).toBe(structure);
      const random = generator(seed);
      for (let i = 0; i < packets; i++) {
        const packet = randomPacket(random);
        const expected = walkNaively(table, 'FORWARD', packet);
        const { verdict, hits, mark } = core.walk(chain, packet);
        const found = { verdict, hits: hits.map((id) => core.counterName(id)), mark };
        if (JSON.stringify(found) !== JSON.stringify(expected)) {
          expect({ seed, packet, ...found }).toEqual({ seed, packet, ...expected });
        }
        const outcome = `${verdict} after ${Math.min(hits.length, 4)}`;
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    }
    // both verdicts, by policy at once and after several rules
    expect(outcomes.size).toBeGreaterThan(rules === 1 ? 2 : 4);
  });
}
