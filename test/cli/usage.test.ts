import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { cli } from './run-cli.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const shop = join(examples, 'shop.pcap');

describe('usage errors: exit status 2, one line', () => {
  test.each([
    [['replay'], /missing required argument 'capture'/],
    [['replay', shop, '--bogus'], /unknown option '--bogus'/],
    [['replay', shop, shop], /too many arguments/],
    [['replay', shop, '--workers', '0'], /Expected a number from 1/],
    [['replay', shop, '--workers', 'two'], /Expected a number from 1/],
    [['replay', shop, '--unknown', 'maybe'], /Allowed choices are match, nomatch, both, error/],
    [['replay', shop, '--direction', 'up'], /Allowed choices are in, out/],
    [['replay', shop, '--direction', 'in'], /--direction needs an interface: --at IFACE/],
    [['replay', ''], /capture: expected a name, found nothing/],
    [['replay', shop, '--host', ''], /host: expected a name, found nothing/],
    [['replay', shop, '--\u001b[31mred'], /unknown option '--\ufffd\[31mred'/],
    [['replay', shop, '--fail-on', 'constructor'], /constructor is none of/],
    [['replay', shop, '--fail-on', 'drop:host:x'], /drop:host:x is none of/],
    [['replay', shop, '--at', 'eth9'], /the host has no interface eth9: it has lo, /],
    [['replay', shop, '--fail-on', 'rain'], /rain is none of accept, drop, /],
    [['replay', shop, '--fail-on', 'drop:weather'], /drop:weather is none of/],
    [['replay', '-', '--unknown', 'both'], /reads the capture twice/],
    [['replya', shop], /unknown command 'replya'/],
    [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish, powershell/],
  ])('dockfw %j', async (argv, message) => {
    const { status, stdout, stderr } = await cli(argv);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^dockfw: error: .*\n$/);
  });

  test('a capture from a terminal', async () => {
    const stdin = Object.assign(Readable.from([]), { isTTY: true });
    const { status, stderr } = await cli(['replay', '-'], { stdin });
    expect(status).toBe(2);
    expect(stderr).toMatch(/standard input, and that is a terminal\n$/);
  });

  test('without a command, help', async () => {
    const { status, stdout, stderr } = await cli([]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^Usage: dockfw/);
  });
});

describe('help', () => {
  test.each([[[]], [['replay']], [['completion']]])('%j has examples', async (command) => {
    const { status, stdout, stderr } = await cli([...command, '--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: dockfw/);
    expect(stdout).toMatch(/\nExamples:\n {2}\$ /);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('is as wide as the terminal', async () => {
    const { stdout } = await cli(['replay', '--help'], { isTTY: true, columns: 70 });
    const options = stdout.slice(stdout.indexOf('Options:'), stdout.indexOf('\n\nA host'));
    for (const line of options.split('\n')) expect(line.length).toBeLessThanOrEqual(70);
  });
});

test('--version', async () => {
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  expect(await cli(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
});

describe('completion', () => {
  test.each(['bash', 'zsh', 'fish', 'powershell'])('a script for %s', async (shell) => {
    const { status, stdout } = await cli(['completion', shell]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/dockfw/);
    expect(stdout).toMatch(/\bcomplete\b/);
  });

  test('commands', async () => {
    const { stdout } = await cli(['complete', '--', 're']);
    expect(stdout).toMatch(/^replay\t.*\n:4\n$/);
  });

  test('options', async () => {
    const { stdout } = await cli(['complete', '--', 'replay', '--pa']);
    expect(stdout).toMatch(/^--packets\t/);
  });

  test('values', async () => {
    const { stdout } = await cli(['complete', '--', 'replay', '--unknown', '']);
    expect(stdout.split('\n').map((line) => line.split('\t')[0])).toEqual(
      expect.arrayContaining(['match', 'nomatch', 'both', 'error']),
    );
  });

  test('files where nothing else fits', async () => {
    expect((await cli(['complete', '--', 'replay', ''])).stdout).toBe(':0\n');
    expect((await cli(['complete', '--', 'replay', '--host', ''])).stdout).toBe(':0\n');
  });
});
