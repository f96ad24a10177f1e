import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { caseNames, readCase } from './case.ts';
import { readCaseFile, writeCaseFile } from './case-file.ts';
import { shrink } from './generate/shrink.ts';
import { changes } from './lab/changes.ts';
import { TOPOLOGY } from './lab/client.ts';
import type { Judged } from './lab/question.ts';

const directory = fileURLToPath(new URL('cases', import.meta.url));
const files = caseNames(directory).filter((name) => name.endsWith('.json'));
const scratch = mkdtempSync(join(tmpdir(), 'dockfw-case-file-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function written(name: string, content: object): string {
  const path = join(scratch, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

function judged(name: string): Judged {
  const { question, answer } = readCaseFile(join(directory, name));
  if (answer === null) throw new Error(`${name} has no answer`);
  return { question, answer };
}

describe('a case in one file', () => {
  test.each(files)('%s is laid out as it would be written', (name) => {
    const path = join(scratch, name);
    writeCaseFile(path, readCaseFile(join(directory, name)));
    expect(readFileSync(path, 'utf8')).toBe(readFileSync(join(directory, name), 'utf8'));
  });

  test('needs no more than rules and frames', () => {
    const frames = [{ in: 'eth0', frame: '0200 c0A8\n01' }];
    const path = written('short.json', { rules: ['*filter', 'COMMIT'], frames });
    const { question, answer } = readCaseFile(path);
    expect(answer).toBeNull();
    expect(question).toMatchObject({ about: 'short', backend: 'nft', topology: TOPOLOGY });
    expect(question.shots).toEqual([
      { iface: 'eth0', note: '', frame: Uint8Array.of(2, 0, 0xc0, 0xa8, 1) },
    ]);
    expect(() => readCase(scratch, 'short.json')).toThrow(/has no answer/);
  });

  test('has a topology beside it', () => {
    const path = written('topology.json', { topology: 'hosts/small.json', frames: [] });
    expect(readCaseFile(path).question.topology).toBe(join(scratch, 'hosts/small.json'));
  });

  test.each(['', '0', 'zz', '0x00'])('takes no frame of "%s"', (frame) => {
    const frames = [{ in: 'eth0', frame }];
    expect(() => readCaseFile(written('bad.json', { frames }))).toThrow(/frame 1: not hexadecimal/);
  });
});

describe('asked once more', () => {
  const before = judged('icmp-errors-about-nat.json');
  const { question, answer } = before;

  test('nothing has changed', () => expect(changes(answer, before)).toEqual([]));

  test('another fate and another counter are changes', () => {
    const frames = answer.frames.map((frame) =>
      frame.frame === 2 ? { ...frame, egress: [] } : frame,
    );
    const rules = answer.after['iptables-save.txt']?.replace(
      '[1:40] -A PREROUTING',
      '[2:80] -A PREROUTING',
    );
    const after = { ...answer.after, 'iptables-save.txt': rules ?? '' };
    const now = changes(answer, { question, answer: { ...answer, frames, after } });
    expect(now.join('\n')).toMatch(/^frame 2: it was: out eth0 .*\n +it is: nothing left\n/);
    expect(now.filter((line) => line.startsWith('it '))).toHaveLength(2);
  });

  test('a port that the kernel drew is none', () => {
    const withPort = (sport: number): Judged => {
      const frames = answer.frames.map(({ egress, ...frame }) => ({
        ...frame,
        egress: egress.map((copy) => (copy.sport === 40000 ? { ...copy, sport } : copy)),
      }));
      return { question, answer: { ...answer, frames } };
    };
    expect(changes(withPort(50001).answer, withPort(50002))).toEqual([]);
    expect(changes(answer, withPort(50002))).not.toEqual([]);
  });
});

test('shrinking keeps the frames and rules that a difference needs', async () => {
  const { question } = judged('conntrack-timeouts.json');
  const needed = question.rules.find((rule) => rule.includes('ASSURED')) ?? '';
  const small = await shrink(
    question,
    async ({ rules, shots }) =>
      rules.includes(needed) &&
      ['FIN', 'echo'].every((note) => shots.some((shot) => shot.note === note)),
  );
  expect(small.shots.map(({ note }) => note)).toEqual(['echo', 'FIN']);
  expect(small.rules.filter((line) => line.startsWith('-A'))).toEqual([needed]);
  expect(small.rules.filter((line) => !line.startsWith('-A'))).toHaveLength(7);
});
