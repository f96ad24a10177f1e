/** Bad input: exit status 3, one clear message, no stack trace, and the good parts still used. */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliResult, cli } from './run-cli.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const shop = join(examples, 'shop.pcap');
let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'dockfw-bad-'));
});

afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

/** The example's host with some files replaced. */
function host(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(dir, name);
  mkdirSync(path);
  cpSync(join(examples, 'shop.host'), path, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
  return path;
}

function filter(...rules: readonly string[]): string {
  const chains = ['INPUT', 'FORWARD', 'OUTPUT'].map((chain) => `:${chain} ACCEPT [0:0]`);
  return ['*filter', ...chains, ...rules, 'COMMIT', ''].join('\n');
}

function expectRefusal(result: CliResult, message: RegExp): void {
  expect(result).toMatchObject({ status: 3, stdout: '' });
  expect(result.stderr).toMatch(message);
  expect(result.stderr).toMatch(/^dockfw: error: .*\n$/);
}

/** Exit status 3, the message, and a report of what could be read. */
function expectReportAnd(result: CliResult, message: RegExp): void {
  expect(result.status).toBe(3);
  expect(result.stderr).toMatch(message);
  expect(result.stderr).not.toMatch(/\n {4}at /);
  expect(result.stderr.match(/error:/g)).toHaveLength(1);
  expect(result.stdout).toMatch(/^\S+ on \S+\n/);
  expect(result.stdout).toMatch(/packets entered the host/);
}

describe('a capture', () => {
  test('that is not there', async () => {
    expectRefusal(await cli(['replay', join(dir, 'nosuch.pcap')]), /nosuch\.pcap: no such file/);
  });

  test('that is a directory', async () => {
    expectRefusal(await cli(['replay', examples]), /is a directory, not a capture/);
  });

  test('that is empty', async () => {
    expectRefusal(await cli(['replay', file('empty.pcap', '')]), /empty\.pcap: is empty/);
  });

  test('that is empty inside', async () => {
    const path = file('empty.pcap.gz', gzipSync(''));
    expectRefusal(await cli(['replay', path]), /is empty/);
  });

  test('that is none', async () => {
    const path = file('text.pcap', 'Dear reader,\nthis is no capture.\n');
    expectRefusal(await cli(['replay', path]), /is not a capture: neither pcap nor pcapng/);
  });

  test('of which only the first bytes are there', async () => {
    const path = file('head.pcap', readFileSync(shop).subarray(0, 10));
    expectRefusal(await cli(['replay', path]), /head\.pcap: cut off .* 24 bytes and 10 are there/);
  });

  test('that is cut in the middle of a record', async () => {
    const path = file('cut.pcap', readFileSync(shop).subarray(0, 100_000));
    const result = await cli(['replay', path, '--host', join(examples, 'shop.host')]);
    expectReportAnd(result, /cut\.pcap: cut off in the record at byte 99729/);
    expect(result.stdout).toMatch(/558 frames/);
  });

  test('whose compression is cut', async () => {
    const path = file('cut.pcap.gz', gzipSync(readFileSync(shop)).subarray(0, 100_000));
    const result = await cli(['replay', path, '--host', join(examples, 'shop.host')]);
    expectReportAnd(result, /cut off or corrupt/);
  });
});

describe('a host', () => {
  test('that is not there', async () => {
    const result = await cli(['replay', shop, '--host', join(dir, 'nohost')]);
    expectRefusal(result, /nohost: the host snapshot cannot be read: no such file or directory\n/);
  });

  test('of which no file is there', async () => {
    const path = join(dir, 'empty.host');
    mkdirSync(path);
    const result = await cli(['replay', shop, '--host', path]);
    expect(result.status).toBe(0);
    expect(result.stderr).toMatch(/warning: .*empty\.host: has no file of a host snapshot/);
  });

  test('with a file that is not text', async () => {
    const path = host('binary.host', { 'sysctl.txt': '\u007fELF\0\0\u001b[31m' });
    const result = await cli(['replay', shop, '--host', path]);
    expectReportAnd(result, /sysctl\.txt: is not text/);
  });

  test.each([
    ['iptables-save.txt', 'expected an option, found "Dear"', 'iptables-save'],
    ['ipset-save.txt', 'expected create or add, found "Dear"', 'ipset save'],
    ['sysctl.txt', 'expected a line "name = value"', 'sysctl -a'],
    ['conntrack.txt', 'expected a whole number up to 255: reader,', 'conntrack -L'],
  ])(
    'whose %s is something else: one error, not one for each line',
    async (name, what, command) => {
      const path = host(`letter-${name}`, { [name]: 'Dear reader,\nthese are\nno rules.\n' });
      const result = await cli(['replay', shop, '--host', path]);
      const { status, stderr, stdout } = result;
      const nothing = `nothing in the file can be used: expected what ${command} writes`;
      expect(status).toBe(3);
      expect(stderr).toContain(`${name}:1:`);
      expect(stderr).toContain(`: ${what}; ${nothing}\n  Dear reader,\n`);
      expect(stderr.match(/error:/g)).toHaveLength(1);
      expect(stdout).toMatch(/packets entered the host/);
    },
  );

  test('with JSON that is none', async () => {
    const path = host('json.host', { 'ip-addr.json': '[{"ifname": eth0}]' });
    const result = await cli(['replay', shop, '--host', path]);
    expectReportAnd(result, /ip-addr\.json:1:13: /);
  });

  test('with a sysctl line that cannot be read', async () => {
    const path = host('sysctl.host', { 'sysctl.txt': 'net.ipv4.ip_forward = yes\n' });
    const result = await cli(['replay', shop, '--host', path]);
    expectReportAnd(result, /sysctl\.txt:1:/);
  });
});

describe('rules', () => {
  async function replayRules(name: string, ...rules: readonly string[]): Promise<CliResult> {
    return cli(['replay', shop, '--rules', file(name, filter(...rules))]);
  }

  test('that are not there', async () => {
    const result = await cli(['replay', shop, '--rules', join(dir, 'norules')]);
    expectRefusal(result, /norules: cannot be read: no such file or directory\n/);
  });

  test('that are not text', async () => {
    const path = file('binary.v4', Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0, 0, 10, 0x22));
    const result = await cli(['replay', shop, '--rules', path]);
    expectRefusal(result, /binary\.v4: is not text/);
  });

  test('that would colour the terminal, on a line without end', async () => {
    const rule = `-A FORWARD -m comment --comment ${'x'.repeat(5000)} \u001b[31m -j DROP`;
    const { stderr } = await replayRules('escape.v4', rule);
    expect(stderr).toMatch(/escape\.v4:5:5034: expected an option, found "\ufffd\[31m"\n/);
    const [, source = '', caret = ''] = stderr.split('\n');
    expect(source).toMatch(/^ {2}…x{299} \ufffd\[31m -j DROP$/);
    expect(caret.indexOf('^')).toBe(source.indexOf('\ufffd'));
  });

  test('with a match that is not known', async () => {
    const result = await replayRules('geoip.v4', '-A FORWARD -m geoip --source-country NZ -j DROP');
    expectReportAnd(result, /geoip\.v4:5:15: match "geoip" is not known/);
  });

  test('that jump to a chain that is missing', async () => {
    const result = await replayRules('jump.v4', '-A FORWARD -p tcp -j NOWHERE');
    expectReportAnd(result, /jump\.v4:5:22: .*NOWHERE/);
  });

  test('whose chains are a loop', async () => {
    const rules = [':A - [0:0]', ':B - [0:0]', '-A FORWARD -j A', '-A A -j B', '-A B -j A'];
    expectReportAnd(await replayRules('loop.v4', ...rules), /loop\.v4:9:9: .*A -> B -> A/);
  });

  test('that name a set that is missing', async () => {
    const rule = '-A FORWARD -m set --match-set blocked src -j DROP';
    expectReportAnd(await replayRules('set.v4', rule), /set\.v4:5:.*blocked/);
  });
});

describe('an output', () => {
  test('that would overwrite the capture, under whatever name', async () => {
    const path = file('own.pcap', readFileSync(join(examples, 'bridge.pcap')));
    const name = join(dir, 'link.pcap');
    symlinkSync(path, name);
    for (const output of [path, name]) {
      const { status, stderr } = await cli(['replay', path, '--packets', output]);
      expect(status).toBe(2);
      expect(stderr).toMatch(/--packets \S+ would overwrite the capture\n$/);
    }
    expect(readFileSync(path)).toEqual(readFileSync(join(examples, 'bridge.pcap')));
  });

  test('that would overwrite a file of the host snapshot', async () => {
    const path = host('own.host', {});
    const rules = join(path, 'iptables-save.txt');
    const result = await cli(['replay', shop, '--host', path, '--counters', rules]);
    expect(result).toMatchObject({ status: 2, stdout: '' });
    expect(result.stderr).toMatch(/would overwrite a file of the host snapshot\n$/);
  });

  test('that would overwrite the rules, or another output', async () => {
    const rules = file('own.v4', filter());
    const both = join(dir, 'both');
    const overRules = await cli(['replay', shop, '--rules', rules, '--counters', rules]);
    expect(overRules).toMatchObject({ status: 2, stdout: '' });
    const twice = await cli(['replay', shop, '--packets', both, '--counters', both]);
    expect(twice).toMatchObject({ status: 2, stdout: '' });
    const nowhere = ['--packets', '/dev/null', '--counters', '/dev/null'];
    expect((await cli(['replay', shop, ...nowhere])).status).toBe(0);
  });

  test.each(['--packets', '--counters'])('that %s cannot write', async (option) => {
    const result = await cli(['replay', shop, option, join(dir, 'nodir', 'out')]);
    expectRefusal(result, /out: cannot be written: no such file or directory\n/);
  });
});
