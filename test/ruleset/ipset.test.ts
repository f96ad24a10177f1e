import { describe, expect, test } from 'vitest';
import { parseIpsets } from '../../src/ruleset/ipset-parser.ts';

const parse = (text: string) => parseIpsets(text, { file: 'sets' });
const messages = (text: string) => parse(text).problems.map((problem) => problem.message);

/** Values of the only entry of a set of this type. */
function values(type: string, element: string, options = '') {
  const { sets, problems } = parse(`create s ${type}\nadd s ${element} ${options}\n`);
  expect(problems).toEqual([]);
  return sets[0]?.entries[0]?.values;
}

const host = (address: bigint) => ({ kind: 'address', min: address, max: address, prefixLen: 32 });
const tcp = (min: number, max = min) => ({ kind: 'port', proto: 6, min, max });

describe('sets', () => {
  test('everything that create can say', () => {
    const { sets, problems } = parse(
      'create s hash:ip,port,net family inet6 hashsize 1024 maxelem 65536 timeout 10 counters ' +
        'comment skbinfo forceadd bucketsize 12 initval 0xd2cc9521\n' +
        'create b bitmap:ip range 10.0.0.0-10.0.0.255 netmask 28\n' +
        'create p bitmap:port range 0-1024\n' +
        'create l list:set size 8\n' +
        'create m hash:ip,mark markmask 0xff\n' +
        'create n hash:net,net bitmask 255.255.0.0\n',
    );
    expect(problems).toEqual([]);
    expect(sets[0]).toEqual({
      name: 's',
      line: 1,
      type: 'hash:ip,port,net',
      method: 'hash',
      dimensions: ['ip', 'port', 'net'],
      family: 6,
      addressRange: null,
      portRange: null,
      addressMask: null,
      markMask: null,
      timeout: 10,
      counters: true,
      comment: true,
      skbinfo: true,
      forceadd: true,
      wildcard: false,
      maxElements: 65536,
      hashSize: 1024,
      bucketSize: 12,
      initval: 0xd2cc9521,
      entries: [],
    });
    expect(sets[1]).toMatchObject({
      method: 'bitmap',
      addressRange: { min: 0x0a000000n, max: 0x0a0000ffn },
      addressMask: 0xfffffff0n,
    });
    expect(sets[2]).toMatchObject({ portRange: { min: 0, max: 1024 }, dimensions: ['port'] });
    expect(sets[3]).toMatchObject({ method: 'list', maxElements: 8 });
    expect(sets[4]).toMatchObject({ markMask: 255 });
    expect(sets[5]).toMatchObject({ addressMask: 0xffff0000n });
  });

  test('everything that add can say', () => {
    const { sets, problems } = parse(
      'create s hash:net timeout 0 counters comment skbinfo\n' +
        'add s 10.0.0.0/8 timeout 9 packets 5 bytes 18446744073709551615 comment "hello world" ' +
        'skbmark 0x1/0xf skbprio 1:ff skbqueue 3 nomatch\n',
    );
    expect(problems).toEqual([]);
    expect(sets[0]?.entries).toEqual([
      {
        line: 2,
        values: [{ kind: 'address', min: 0x0a000000n, max: 0x0affffffn, prefixLen: 8 }],
        nomatch: true,
        timeout: 9,
        packets: 5n,
        bytes: 2n ** 64n - 1n,
        comment: 'hello world',
        skbMark: { value: 1, mask: 15 },
        skbPriority: 0x100ff,
        skbQueue: 3,
        position: null,
      },
    ]);
  });

  test.for([
    ['hash:ip', '1.1.1.1', [host(0x01010101n)]],
    ['hash:ip', '1.1.1.0-1.1.1.9', [{ min: 0x01010100n, max: 0x01010109n, prefixLen: null }]],
    ['hash:net', '1.1.1.1', [host(0x01010101n)]],
    ['hash:net', '0.0.0.0/0', [{ min: 0n, max: 0xffffffffn, prefixLen: 0 }]],
    ['hash:net family inet6', 'fd00::/8', [{ min: 0xfdn << 120n, prefixLen: 8 }]],
    ['hash:net,net', '1.0.0.0/8,2.0.0.0/8', [{ prefixLen: 8 }, { prefixLen: 8 }]],
    ['hash:ip,port', '1.1.1.1,udp:53', [host(0x01010101n), { proto: 17, min: 53, max: 53 }]],
    ['hash:ip,port', '1.1.1.1,80', [{}, tcp(80)]],
    ['hash:ip,port', '1.1.1.1,tcp:80-90', [{}, tcp(80, 90)]],
    ['hash:ip,port', '1.1.1.1,tcp:ftp-data', [{}, tcp(20)]],
    ['hash:ip,port', '1.1.1.1,icmp:echo-request', [{}, { proto: 1, min: 0x800, max: 0x800 }]],
    ['hash:ip,port', '1.1.1.1,icmp:3/1', [{}, { proto: 1, min: 0x301 }]],
    ['hash:ip,port family inet6', '::1,icmpv6:128/0', [{}, { proto: 58, min: 0x8000 }]],
    ['hash:ip,port', '1.1.1.1,vrrp:0', [{}, { proto: 112, min: 0 }]],
    ['hash:ip,port,ip', '1.1.1.1,udplite:4,2.2.2.2', [{}, { proto: 136 }, host(0x02020202n)]],
    ['hash:ip,port,net', '1.1.1.1,sctp:5,2.0.0.0/8', [{}, { proto: 132 }, { prefixLen: 8 }]],
    ['hash:net,port', '1.0.0.0/8,5', [{ prefixLen: 8 }, tcp(5)]],
    ['hash:net,port,net', '1.0.0.0/8,5,2.0.0.0/8', [{}, tcp(5), {}]],
    ['hash:net,iface', '1.0.0.0/8,eth0', [{}, { kind: 'iface', name: 'eth0', physdev: false }]],
    ['hash:net,iface', '1.0.0.0/8,physdev:eth1', [{}, { name: 'eth1', physdev: true }]],
    ['hash:mac', '02:00:00:00:00:0A', [{ kind: 'mac', mac: 0x02000000000a }]],
    ['hash:ip,mac', '1.1.1.1,02:00:00:00:00:0A', [{}, { mac: 0x02000000000a }]],
    ['hash:ip,mark', '1.1.1.1,0x10', [{}, { kind: 'mark', mark: 16 }]],
    ['bitmap:port range 0-100', '80-90', [{ proto: null, min: 80, max: 90 }]],
    ['bitmap:ip range 1.0.0.0/8', '1.1.1.1', [host(0x01010101n)]],
    ['bitmap:ip,mac range 1.0.0.0/8', '1.1.1.1', [{}, { kind: 'mac', mac: null }]],
  ] as const)('%s: %s', ([type, element, expected]) => {
    expect(values(type, element)).toMatchObject(expected);
  });

  test('an interface that is a prefix', () => {
    expect(values('hash:net,iface wildcard', '1.0.0.0/8,eth', 'wildcard')).toMatchObject([
      {},
      { name: 'eth', wildcard: true },
    ]);
  });

  test('sets of sets', () => {
    const { sets, problems } = parse(
      'create a hash:ip\ncreate l list:set\nadd l a\nadd l gone before a\n',
    );
    expect(problems).toMatchObject([{ message: 'set gone does not exist', line: 4 }]);
    expect(sets[1]?.entries[1]).toMatchObject({
      values: [{ kind: 'set', name: 'gone' }],
      position: { where: 'before', name: 'a' },
    });
  });

  test.for([
    ['crate s hash:ip', 'expected create or add, found "crate"'],
    ['create s', 'expected a name and a type'],
    ['create s hash:foo', 'unknown set type "hash:foo"'],
    ['create s hash:ip foo', 'unknown option "foo"'],
    ['create s hash:ip timeout', 'timeout needs a value'],
    ['create s hash:ip family inet7', 'expected inet or inet6, found "inet7"'],
    ['create s bitmap:ip', 'bitmap:ip needs a range'],
    ['add s 1.1.1.1', 'set s does not exist: expected a "create" before'],
    ['create s hash:ip\ncreate s hash:ip', 'set s is there twice'],
    ['create s hash:ip\nadd s 1.1.1', 'expected an IPv4 address, network or range, found "1.1.1"'],
    ['create s hash:ip,port\nadd s 1.1.1.1', 'expected 2 values for hash:ip,port, found 1'],
    ['create s hash:ip\nadd s 1.1.1.1 timeout 5', 'set s was created without timeout'],
    ['create s bitmap:port range 5-9\nadd s 10', '"10" is outside the set\'s range'],
    ['create s hash:ip,port\nadd s 1.1.1.1,gre:5', 'expected port 0: this protocol has no ports'],
    ['create s hash:ip\nadd s 1.1.1.1 comment "x', 'this quote is never closed'],
  ] as const)('%s', ([text, message]) => {
    expect(messages(text)).toEqual([message]);
  });

  test('good lines beside bad ones are kept', () => {
    const { sets, problems } = parse('create s hash:ip\nadd s x\n# c\n\nadd s 1.1.1.1\r\n');
    expect(problems).toMatchObject([{ code: 'IPSET', line: 2, column: 7, sourceLine: 'add s x' }]);
    expect(sets[0]?.entries).toHaveLength(1);
  });
});
