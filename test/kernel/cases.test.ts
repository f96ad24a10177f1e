import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { caseNames, readCase } from './case.ts';
import { checkCase, describeResult } from './check-case.ts';

const directory = fileURLToPath(new URL('cases', import.meta.url));

describe('counters and outcomes are those of a 6.18 kernel', () => {
  for (const name of caseNames(directory)) {
    test.each([1, 2])(`${name}, %i workers`, async (workers) => {
      const kernelCase = readCase(directory, name);
      const result = await checkCase(kernelCase, workers);
      expect(describeResult(kernelCase, result, 20)).toBe('');
    });
  }
});
