import { Threads } from 'dockfw';
import { afterAll, describe, expect, test } from 'vitest';
import { differences, statefulCases } from './case.ts';

const threads = new Threads(1);
afterAll(() => threads.close());

describe('sets and matches with state count as a 6.18 kernel does', () => {
  for (const recorded of statefulCases()) {
    test.each(Object.keys(recorded.runs))(`${recorded.name}, %s`, async (backend) => {
      expect(await differences(recorded, backend, threads)).toEqual([]);
    });
  }
});
