import { afterAll, expect, test } from 'vitest';
import type { ReplayTask } from '../../src/pool/protocol.ts';
import { Threads } from '../../src/pool/threads.ts';

const threads = new Threads(2);
afterAll(() => threads.close());

/** Nothing in it can be used. */
const broken = (worker: number) => ({ worker, names: [] }) as unknown as ReplayTask;

test('a task that fails rejects, and the next one is tried all the same', async () => {
  const failed = [threads.run(broken(0)), threads.run(broken(1)), threads.run(broken(0))];
  for (const result of await Promise.allSettled(failed)) {
    expect(result).toMatchObject({ status: 'rejected', reason: { name: 'TypeError' } });
  }
});

test('a task for a thread that has ended, or is none, rejects', async () => {
  const ended = new Threads(1);
  const running = ended.run(broken(0)).catch((error: unknown) => error);
  await ended.close();
  expect(await running).toBeInstanceOf(Error);
  await expect(ended.run(broken(0))).rejects.toThrow('a worker ended');
  expect(() => threads.run(broken(2))).toThrow('no thread 2 of 2');
});
