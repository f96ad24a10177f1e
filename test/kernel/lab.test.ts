/**
 * The running kernel: random cases that are always the same, and the cases in one file once more.
 * `npm run lab -- SEED` and `npm run lab -- FILE.json` repeat one.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { caseNames, judgedCase } from './case.ts';
import { readCaseFile } from './case-file.ts';
import { checkCase, describeResult } from './check-case.ts';
import { judgeSeed } from './generate/seed.ts';
import { ask } from './lab/ask.ts';
import { whyNoLab } from './lab/available.ts';
import { changes, refusedRules } from './lab/changes.ts';
import { Lab, LabError } from './lab/client.ts';
import type { Backend, Judged, Shot } from './lab/question.ts';

const SEEDS = { nft: 12, legacy: 6 } as const;
const directory = fileURLToPath(new URL('cases', import.meta.url));
const files = caseNames(directory).filter((name) => name.endsWith('.json'));

const why = whyNoLab();
if (why !== null) process.stdout.write(`skipped: ${why}\n`);

async function differences(name: string, judged: Judged): Promise<string> {
  const kernelCase = judgedCase(name, judged);
  return describeResult(kernelCase, await checkCase(kernelCase, 1), 10);
}

describe.skipIf(why !== null)('the running kernel', () => {
  let lab: Lab;
  beforeAll(() => {
    lab = new Lab();
  });
  afterAll(() => lab.close());

  describe.each<Backend>(['nft', 'legacy'])('%s', (backend) => {
    test.each(Array.from({ length: SEEDS[backend] }, (_, index) => index + 1))(
      'seed %i',
      async (seed) => {
        let judged: Judged;
        try {
          judged = await judgeSeed(lab, seed, backend);
        } catch (error) {
          if (!(error instanceof LabError)) throw error;
          process.stdout.write(`seed ${seed}: this kernel refuses the rules: ${error.message}\n`);
          return;
        }
        expect(await differences(`${seed}`, judged)).toBe('');
      },
    );
  });

  test('nothing of a case is left for the next, not even in the queues of fragments', async () => {
    const { question } = readCaseFile(join(directory, 'fragments-expire.json'));
    const [first, second] = question.shots;
    if (!first || !second) throw new Error('it begins with a datagram of two fragments');
    const egressOf = async (...shots: Shot[]): Promise<number> =>
      (await ask(lab, { ...question, shots })).answer.frames.at(-1)?.egress.length ?? 0;
    expect(await egressOf(first, second)).toBe(2);
    expect(await egressOf(first)).toBe(0);
    expect(await egressOf(second)).toBe(0);
  });

  test.each(files)('%s', async (file) => {
    const { question, answer } = readCaseFile(join(directory, file));
    const judged = await ask(lab, question);
    expect(refusedRules(question, judged)).toEqual([]);
    expect(answer === null ? ['no answer'] : changes(answer, judged)).toEqual([]);
    expect(await differences(file, judged)).toBe('');
  });
});
