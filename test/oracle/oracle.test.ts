/**
 * dockfw against the oracle: random rule sets and packets, a fixed set of seeds. DOCKFW_SEED=n runs
 * another one, DOCKFW_SEEDS=n that many from there on.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { caseOf, differencesOf } from './differences.ts';
import { Diversity } from './diversity.ts';
import type { OracleCase } from './judge.ts';

const FIRST_SEED = Number(process.env.DOCKFW_SEED ?? 1);
const SEEDS = Number(process.env.DOCKFW_SEEDS ?? 48);
const SEEDS_PER_TEST = 8;
const SHOWN = 12;

/** The first differences; the case stays in a directory that the first line names. */
async function describeDifferences(oracle: OracleCase, workers: number): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), `dockfw-oracle-${oracle.seed}-`));
  const differences = await differencesOf(oracle, workers, directory);
  if (differences.length === 0) {
    rmSync(directory, { recursive: true });
    return '';
  }
  const head = `seed ${oracle.seed}, ${workers} workers: ${differences.length} lines, case in ${directory}`;
  return [head, ...differences.slice(0, SHOWN)].join('\n');
}

describe('random rules and packets are judged as rule by rule', () => {
  const diversity = new Diversity();
  for (let first = FIRST_SEED; first < FIRST_SEED + SEEDS; first += SEEDS_PER_TEST) {
    const last = Math.min(first + SEEDS_PER_TEST, FIRST_SEED + SEEDS) - 1;
    test(`seeds ${first} to ${last}`, async () => {
      for (let seed = first; seed <= last; seed++) {
        const oracle = caseOf(seed);
        diversity.add(oracle);
        expect(await describeDifferences(oracle, 1 + (seed % 2))).toBe('');
      }
    });
  }

  test.skipIf(process.env.DOCKFW_SEED !== undefined)('outcomes are diverse', () => {
    const shares = {
      'forward accept': 0.1,
      'forward drop': 0.05,
      'forward reject': 0.01,
      'input accept': 0.05,
      'input drop': 0.03,
      ESTABLISHED: 0.05,
      INVALID: 0.02,
      UNTRACKED: 0.003,
      policy: 0.1,
      rule: 0.1,
      ttl: 0.01,
      martian: 0.002,
      pkttype: 0.002,
    };
    for (const [what, least] of Object.entries(shares)) {
      expect(diversity.share(what), `${what} of ${diversity}`).toBeGreaterThan(least);
    }
    expect(diversity.rules).toBeGreaterThan(2000);
    expect(diversity.rulesHit / diversity.rules, `${diversity}`).toBeGreaterThan(0.4);
    expect(diversity.translated / diversity.packets, `${diversity}`).toBeGreaterThan(0.2);
    expect(diversity.chosen, `${diversity}`).toBeGreaterThan(20);
  });
});
