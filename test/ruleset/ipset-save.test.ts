/** What the installed ipset saves is read without problems. Needs root and ipset. */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { parseIpsets } from '../../src/ruleset/ipset-parser.ts';

const SETS: ReadonlyArray<readonly [type: string, ...adds: readonly string[]]> = [
  [
    'hash:ip,port,net timeout 10 comment counters skbinfo',
    '10.0.0.1,udp:53,10.0.0.0/8 comment "a b"',
  ],
  ['hash:ip,port', '1.1.1.1,icmp:echo-request', '1.1.1.1,icmp:77/3', '1.2.3.4,tcp:80-82'],
  ['hash:ip,port family inet6', '::1,icmpv6:packet-too-big', 'fd00::1,udp:domain'],
  ['hash:net', '10.0.0.0/8', '10.1.0.0/16 nomatch', '1.1.1.1'],
  ['hash:net,iface', '10.0.0.0/8,eth0 nomatch', '10.0.0.0/8,physdev:eth1'],
  ['hash:net,net', '10.0.0.0/8,192.168.0.0/16'],
  ['hash:net,port', '1.1.1.1,sctp:5'],
  ['hash:net,port,net', '0.0.0.0/1,vrrp:0,1.1.1.1'],
  ['hash:ip,port,ip', '1.1.1.1,udplite:4,2.2.2.2'],
  ['hash:ip,mark', '1.1.1.1,0x10'],
  ['hash:ip,mac', '1.1.1.1,02:00:00:00:00:0a'],
  ['hash:mac', '02:00:00:00:00:0a'],
  ['hash:ip family inet6 netmask 64', 'fe80::1'],
  ['hash:ip netmask 24', '10.1.2.3'],
  ['bitmap:ip range 10.0.0.0/16 netmask 24', '10.0.5.0'],
  ['bitmap:ip,mac range 10.0.0.0/24', '10.0.0.3', '10.0.0.4,02:00:00:00:00:01'],
  ['bitmap:port range 0-1024', 'tcp:http'],
  ['list:set'],
];

/** Output of `ipset save` in a namespace of its own; null where that cannot be had. */
function saved(type: string, adds: readonly string[]): string | null {
  const commands = [`create s ${type}`, ...adds.map((add) => `add s ${add}`)].join('\n');
  const script = 'ipset restore && ipset save';
  const { status, stdout } = spawnSync('unshare', ['-n', 'sh', '-c', script], {
    input: `${commands}\n`,
    encoding: 'utf8',
  });
  return status === 0 ? stdout : null;
}

const outputs = SETS.map(([type, ...adds]) => ({ type, output: saved(type, adds) }));
const usable = outputs.filter(({ output }) => output !== null);
if (usable.length < outputs.length) {
  const types = outputs.filter(({ output }) => output === null).map(({ type }) => type);
  process.stderr.write(`skipped: this machine's ipset does not make ${types.join('; ')}\n`);
}

describe.skipIf(usable.length === 0)('ipset save', () => {
  test.for(usable)('$type', ({ output }) => {
    const text = output ?? '';
    const { sets, problems } = parseIpsets(text, { file: 'saved' });
    expect(problems.map((problem) => problem.format())).toEqual([]);
    expect(sets).toHaveLength(1);
    expect(sets[0]?.entries).toHaveLength(
      text.split('\n').filter((l) => l.startsWith('add')).length,
    );
  });
});
