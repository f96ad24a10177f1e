/** The built command as a process: its streams, its signals, its exit status. */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const dockfw = join(root, 'dist/bundle/cli/dockfw.js');
const shop = join(root, 'examples/shop.pcap');
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'dockfw-process-'));
});

afterAll(() => rmSync(dir, { recursive: true }));

test('bad input: exit status 3 and no stack trace', async () => {
  await expect(run(dockfw, ['replay', 'nosuch.pcap'])).rejects.toMatchObject({
    code: 3,
    stdout: '',
    stderr: 'dockfw: error: nosuch.pcap: no such file\n',
  });
});

test('a reader that goes away ends it without a word', async () => {
  const command = `"${dockfw}" replay "${shop}" --json | head -c 10`;
  const { stdout, stderr } = await run('bash', ['-o', 'pipefail', '-c', command]);
  expect({ stdout: stdout.length, stderr }).toEqual({ stdout: 10, stderr: '' });
});

describe.runIf(existsSync('/dev/full'))('a standard output without room', () => {
  test.each([[['replay', shop]], [['--help']]])('%j', async (argv) => {
    const words = argv.map((word) => `"${word}"`).join(' ');
    const command = run('bash', ['-c', `"${dockfw}" ${words} > /dev/full`]);
    await expect(command).rejects.toMatchObject({
      code: 3,
      stderr: 'dockfw: error: standard output: cannot be written: no space left on device\n',
    });
  });
});

const hasScript = spawnSync('script', ['--version']).status === 0;

test.runIf(hasScript)(
  'a long replay shows its progress on a terminal, and takes it away',
  async () => {
    const command = `(cat "${shop}"; sleep 2) | "${dockfw}" replay - --json > "${dir}/out.json"`;
    const { stdout } = await run('script', ['-qec', command, '/dev/null']);
    expect(stdout).toMatch(/replaying {2}3,\d{3} frames/);
    expect(stdout).not.toMatch(/[Ee]rror|[Ww]arning/);
    expect(stdout.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stdout.lastIndexOf('\u001b[?25l'));
  },
);

/** Sends `signal` to a command that waits for more, and tells how it ends. */
async function interrupted(
  signal: NodeJS.Signals,
  capture: string,
  ...options: readonly string[]
): Promise<{ code: number | null; by: NodeJS.Signals | null; said: string }> {
  const child = spawn(dockfw, ['replay', capture, ...options]);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  if (capture === '-') child.stdin.write(readFileSync(shop)); // and no end
  await after(2000);
  child.kill(signal);
  const [code, by] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, by, said };
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s ends it cleanly', async (signal, code) => {
  const end = await interrupted(signal, '-');
  expect(end).toEqual({ code, by: null, said: 'dockfw: interrupted\n' });
});

test.each(['packets.ndjson', 'packets.parquet'])('no part of %s is left', async (name) => {
  const path = join(dir, name);
  writeFileSync(path, 'an older one');
  expect((await interrupted('SIGTERM', '-', '--packets', path)).code).toBe(143);
  expect(existsSync(path)).toBe(false);
});

test('a link to an unfinished file stays', async () => {
  const [link, path] = [join(dir, 'link.ndjson'), join(dir, 'behind-link.ndjson')];
  writeFileSync(path, 'old');
  symlinkSync(path, link);
  expect((await interrupted('SIGTERM', '-', '--packets', link)).code).toBe(143);
  expect(existsSync(path)).toBe(false);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
});

test.runIf(process.platform === 'linux')('waiting for a named pipe can be ended', async () => {
  const pipe = join(dir, 'pipe');
  expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
  const end = await interrupted('SIGINT', pipe);
  expect(end).toEqual({ code: null, by: 'SIGINT', said: '' });
});
