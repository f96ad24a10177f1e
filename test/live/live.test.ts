import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { caseNames } from '../kernel/case.ts';
import { checkLiveCase, describeLiveResult, readLiveCase } from './live-case.ts';

const directory = fileURLToPath(new URL('cases', import.meta.url));

describe('counters are those that the kernel had after the same traffic', () => {
  for (const name of caseNames(directory)) {
    test.each([1, 2])(`${name}, %i workers`, async (workers) => {
      const liveCase = readLiveCase(directory, name);
      const result = await checkLiveCase(liveCase, workers);
      expect(describeLiveResult(liveCase, result, 20)).toBe('');
    });
  }
});
