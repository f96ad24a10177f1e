import { afterEach, describe, expect, test, vi } from 'vitest';
import { readSettings } from '../bench/settings.ts';
import { seedsOf } from './command-line.ts';

/** What `read` complains of, and its exit status; null where it returns. */
function complaintOf(read: () => unknown): readonly [string, number] | null {
  let said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => {
    throw new Error('exit');
  });
  try {
    read();
    return null;
  } catch {
    return [said, Number(exit.mock.lastCall?.[0])];
  }
}

afterEach(() => vi.restoreAllMocks());

describe('what is wrong with a command line is said in a line', () => {
  test.each([
    ['--only [', '--only: Invalid regular expression: /[/: Unterminated character class\n'],
    ['--rounds x', '--rounds: expected a number from 1, not x\n'],
    ['--rules 10,', '--rules: expected a number from 1, not \n'],
    ['--packets 1e3', '--packets: expected a number from 1, not 1e3\n'],
    ['--no-such', "Unknown option '--no-such'\n"],
    ['--rounds', "Option '--rounds <value>' argument missing\n"],
    ['10', "Unexpected argument '10'\n"],
  ])('bench %s', (line, complaint) => {
    expect(complaintOf(() => readSettings(line.split(' ')))).toEqual([complaint, 2]);
  });

  test.each(['', 'x', '3-', '5-1', '1-2-3', '-1'])('seeds %j', (range) => {
    expect(complaintOf(() => seedsOf(range))).toEqual([expect.stringMatching(/^[^\n]+\n$/), 2]);
  });
});

test('--help prints the options', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => {
    throw new Error('exit');
  });
  expect(() => readSettings(['--rounds', '--help'])).toThrow('exit');
  expect(exit).toHaveBeenCalledWith(0);
  const said = String(write.mock.lastCall?.[0]);
  expect(said).toMatch(/^Usage: npm run bench -- .*\n\nOptions:\n(?: {2}--\w+.*\n)+$/);
  expect(said).toContain('\n  --rounds VALUE\n');
});

test('seeds are one or a range', () => {
  expect(seedsOf('0')).toEqual([0]);
  expect(seedsOf('3-5')).toEqual([3, 4, 5]);
});
