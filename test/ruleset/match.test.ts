import { describe, expect, test } from 'vitest';
import { match, parse, problemsOf, rule, tableOf } from './parse.ts';

const NO_INVERT = { invert: false };
const ALL_V4 = 0xffffffffn;
const ALL_V6 = (1n << 128n) - 1n;

describe('iptables itself', () => {
  test('addresses, interfaces, protocol, fragments', () => {
    const found = rule('! -s 10.0.0.0/8 -d 1.2.3.4 -i eth+ -p tcp ! -f');
    expect(found).toMatchObject({
      src: { address: 0x0a000000n, mask: 0xff000000n, prefixLen: 8, invert: true },
      dst: { address: 0x01020304n, mask: ALL_V4, prefixLen: 32, invert: false },
      in: { name: 'eth', wildcard: true, invert: false },
      out: null,
      proto: { number: 6, invert: false },
      fragment: { invert: true },
      matches: [],
      target: null,
    });
  });

  test.for([
    ['-p tcp', '--protocol tcp', '--proto 6', '-ptcp', '-p 0x6', '-p TCP', '--protocol=tcp'],
    ['! -s 10.0.0.1', '-s ! 10.0.0.1', '! --source 10.0.0.1', '--src ! 10.0.0.1/32'],
    ['-d 10.0.0.0/8', '--destination 10/8', '--dst 10.1.2.3/255.0.0.0', '-d10.0.0.0/8'],
    ['-i eth0', '--in-interface eth0', '--in-i eth0', '-ieth0'],
    ['-j next', '--jump next', '-jnext'],
    ['-p tcp -m tcp --dport 80', '-p tcp --dport http', '-p 6 --destination-port=80'],
    ['-p tcp -m tcp ! --dport 80', '-p tcp -m tcp --dport ! 80'],
    ['-p tcp -m tcp --syn', '-p tcp --tcp-flags FIN,SYN,RST,ACK SYN'],
    ['-p tcp -m multiport --dports 22', '-p tcp -m multiport --dport ssh'],
    ['-m comment --comment "a b"', '-m comment --comm "a b"', '-m comment --comment="a b"'],
    ['-m limit --limit 3/minute', '-m limit --limit 3/m', '-m limit --limit 3/min'],
    ['-m conntrack --ctstate ESTABLISHED,RELATED', '-m conntrack --ctstate EST,rel'],
    ['-p icmp -m icmp --icmp-type 8', '-p icmp --icmp-type echo-request', '-p 1 --icmp-type ping'],
    ['-m mark --mark 255', '-m mark --mark 0xff', '-m mark --mark 0377/0xffffffff'],
  ])('%s and its other spellings', (spellings) => {
    const [first, ...others] = spellings.map((spec) => ({ ...rule(spec), text: '' }));
    for (const other of others) expect(other).toEqual(first);
  });

  test('counters before the rule and as an option', () => {
    const text = '-p tcp -c 5 70 -j ACCEPT';
    expect(rule(text)).toMatchObject({ packets: 5n, bytes: 70n, hasCounters: true });
    expect(rule(text).text).toBe('-A INPUT -p tcp -j ACCEPT');
    expect(rule('-j ACCEPT')).toMatchObject({ packets: 0n, hasCounters: false });
    expect(rule('--set-counters 1,2 -j ACCEPT')).toMatchObject({ packets: 1n, bytes: 2n });
  });

  test('matches keep their order, and one may come several times', () => {
    const spec =
      '-m comment --comment a -p tcp -m comment --comment b --sport 1 -m addrtype ' +
      '! --src-type LOCAL --limit-iface-in -m addrtype --src-type LOCAL';
    const found = rule(spec);
    expect(found.matches).toMatchObject([
      { kind: 'comment', text: 'a' },
      { kind: 'comment', text: 'b' },
      { kind: 'tcp', srcPorts: { min: 1, max: 1 } },
      { kind: 'addrtype', srcTypes: { values: ['LOCAL'], invert: true }, limitIn: true },
      { kind: 'addrtype', srcTypes: { values: ['LOCAL'], invert: false }, limitIn: false },
    ]);
  });

  test.for([
    ['--dport 80', 'unknown option --dport'],
    ['-p tcp --dp 80', null],
    ['-p tcp --s 80', '"--s" may be --source or --set-counters'],
    ['-p tcp ! ! --dport 80', 'expected an option, found "!"'],
    ['-p tcp ! --dport ! 80', 'two "!" for one option'],
    ['-p tcp !', 'nothing follows this "!"'],
    ['-p tcp stray', 'expected an option, found "stray"'],
    ['-s host.example', 'expected an IPv4 address or network (names are not looked up)'],
    ['-s ::1', 'expected an IPv4 address or network (names are not looked up)'],
    ['-s 1.1.1.1 --src 2.2.2.2', '--src is given twice'],
    ['-p nonsense', 'expected a protocol (0 to 255 or a name), found "nonsense"'],
    ['-p tcp --dport 80 --dport 81', '--dport is given twice'],
    ['-p tcp --dport', '--dport needs a value'],
    ['-j ACCEPT -j DROP', '-j is given twice'],
    ['! -j DROP', '-j cannot be inverted'],
    ['-i a-very-long-interface', 'expected an interface name of 1 to 15 characters'],
    ['-o eth0', '-o cannot be used in INPUT'],
  ] as const)('%s', ([spec, message]) => {
    const found = problemsOf(spec);
    if (message === null) expect(found).toEqual([]);
    else expect(found[0]).toContain(message);
  });

  test('a rule keeps its good parts, the bad ones become unknown nodes', () => {
    const spec = '-p tcp -m tcp --dport 99999 -s 1.1.1.1 -j DROP';
    expect(problemsOf(spec)).toEqual([
      'tcp: expected a port (0 to 65535 or a service name), found "99999"',
    ]);
    expect(parse(tableOf(spec)).rules).toMatchObject([
      {
        src: { prefixLen: 32 },
        proto: { number: 6 },
        matches: [{ kind: 'unknown', name: 'tcp', text: '-m tcp --dport 99999' }],
        target: { kind: 'DROP' },
      },
    ]);
  });
});

describe('matches', () => {
  test.for([
    [
      '-p tcp -m tcp --sport 1024:65535 ! --dport 22 --tcp-option 5',
      {
        kind: 'tcp',
        srcPorts: { min: 1024, max: 65535, invert: false },
        dstPorts: { min: 22, max: 22, invert: true },
        flags: null,
        option: { number: 5, invert: false },
      },
    ],
    ['-p tcp --tcp-flags ALL NONE', { kind: 'tcp', flags: { mask: 63, value: 0, invert: false } }],
    ['-p tcp ! --syn', { kind: 'tcp', flags: { mask: 0x17, value: 2, invert: true } }],
    ['-p udp --dport :1023', { kind: 'udp', dstPorts: { min: 0, max: 1023 } }],
    ['-p udp --dport 5060:', { kind: 'udp', dstPorts: { min: 5060, max: 65535 } }],
    ['-p udplite -m udplite --dport 5', { kind: 'udplite', dstPorts: { min: 5, max: 5 } }],
    [
      '-p sctp --chunk-types any DATA:Be,INIT --dport 7',
      {
        kind: 'sctp',
        dstPorts: { min: 7, max: 7 },
        chunks: {
          mode: 'any',
          types: [
            { type: 0, flagMask: 3, flags: 2 },
            { type: 1, flagMask: 0, flags: 0 },
          ],
          invert: false,
        },
      },
    ],
    ['-p dccp --dccp-types REQUEST,RESET', { kind: 'dccp', types: { mask: 0x81, invert: false } }],
    ['-p icmp --icmp-type 3/1:4', { kind: 'icmp', type: 3, codes: { min: 1, max: 4 } }],
    ['-p icmp --icmp-type any', { kind: 'icmp', type: null, codes: { min: 0, max: 255 } }],
    ['-p icmp ! --icmp-type port-unreach', { type: 3, codes: { min: 3, max: 3 }, invert: true }],
    [
      '-p tcp -m multiport ! --ports 22,80:90,https',
      {
        kind: 'multiport',
        side: 'either',
        ports: [
          { min: 22, max: 22 },
          { min: 80, max: 90 },
          { min: 443, max: 443 },
        ],
        invert: true,
      },
    ],
    [
      '-m iprange --src-range 10.0.0.1-10.0.0.9 ! --dst-range 1.1.1.1',
      {
        kind: 'iprange',
        src: { min: 0x0a000001n, max: 0x0a000009n, invert: false },
        dst: { min: 0x01010101n, max: 0x01010101n, invert: true },
      },
    ],
    [
      '-m addrtype ! --dst-type LOCAL,BROADCAST --limit-iface-out',
      { dstTypes: { values: ['LOCAL', 'BROADCAST'], invert: true }, limitOut: true },
    ],
    [
      '-m conntrack ! --ctstate NEW,DNAT --ctproto tcp --ctorigsrc 10.0.0.0/8 ' +
        '! --ctorigdst 1.1.1.1 --ctreplsrc 2.2.2.2 --ctrepldst 3.3.3.3 --ctorigsrcport 1:2 ' +
        '--ctorigdstport http --ctreplsrcport 5 ! --ctrepldstport 6 --ctstatus ASSURED,NONE ' +
        '--ctexpire 10:20 --ctdir REPLY',
      {
        kind: 'conntrack',
        states: { values: ['NEW', 'DNAT'], invert: true },
        statuses: { values: ['ASSURED', 'NONE'], invert: false },
        proto: { number: 6, invert: false },
        origSrc: { address: 0x0a000000n, prefixLen: 8 },
        origDst: { address: 0x01010101n, invert: true },
        replSrc: { address: 0x02020202n },
        replDst: { address: 0x03030303n },
        origSrcPorts: { min: 1, max: 2 },
        origDstPorts: { min: 80, max: 80 },
        replSrcPorts: { min: 5, max: 5 },
        replDstPorts: { min: 6, max: 6, invert: true },
        expire: { min: 10, max: 20 },
        direction: 'reply',
      },
    ],
    ['-m state ! --state NEW', { kind: 'state', values: ['NEW'], invert: true }],
    ['-m mark ! --mark 0x1/0xf', { kind: 'mark', value: 1, mask: 15, invert: true }],
    ['-m connmark --mark 7', { kind: 'connmark', value: 7, mask: 0xffffffff }],
    ['-m mac --mac-source 02:42:AC:11:0:2', { kind: 'mac', source: 0x0242ac110002 }],
    [
      '-m physdev --physdev-in veth+ ! --physdev-is-bridged',
      { in: { name: 'veth', wildcard: true }, out: null, isIn: null, isBridged: false },
    ],
    [
      '-m set ! --match-set foo src,dst --return-nomatch ! --update-counters --packets-gt 5 ' +
        '! --bytes-eq 6',
      {
        kind: 'set',
        name: 'foo',
        sides: ['src', 'dst'],
        invert: true,
        returnNomatch: true,
        updateCounters: false,
        updateSubcounters: true,
        packets: { op: 'gt', value: 5n },
        bytes: { op: 'ne', value: 6n },
      },
    ],
    ['-m limit', { kind: 'limit', rate: { amount: 3, unitSec: 3600 }, burst: 5 }],
    ['-m limit --limit 10/day --limit-burst 7', { rate: { amount: 10, unitSec: 86400 }, burst: 7 }],
    [
      '-m hashlimit --hashlimit-above 10/min --hashlimit-mode srcip,dstport ' +
        '--hashlimit-srcmask 24 --hashlimit-name h --hashlimit-burst 9 --hashlimit-htable-size 99',
      {
        kind: 'hashlimit',
        name: 'h',
        when: 'above',
        rate: { of: 'packets', amount: 10, unitSec: 60 },
        burst: 9,
        keys: ['srcip', 'dstport'],
        srcPrefixLen: 24,
        dstPrefixLen: 32,
        tableSize: 99,
        tableMax: 0,
        expireMs: 60000,
        gcIntervalMs: 1000,
        rateMatch: false,
        rateIntervalSec: 0,
      },
    ],
    [
      '-m hashlimit --hashlimit-upto 512kb/s --hashlimit-burst 1mb --hashlimit-name x',
      { when: 'upto', rate: { of: 'bytes', perSec: 524288 }, burst: 1048576, expireMs: 60000 },
    ],
    [
      '-m recent ! --update --seconds 60 --hitcount 4 --rttl --name ssh --rdest --reap',
      {
        kind: 'recent',
        name: 'ssh',
        action: 'update',
        invert: true,
        side: 'destination',
        mask: ALL_V4,
        seconds: 60,
        reap: true,
        hitcount: 4,
        checkTtl: true,
      },
    ],
    ['-m recent --set', { name: 'DEFAULT', action: 'set', side: 'source', seconds: 0 }],
    [
      '-m connlimit --connlimit-above 3 --connlimit-mask 24 --connlimit-daddr',
      { limit: 3, when: 'above', mask: 0xffffff00n, side: 'destination' },
    ],
    ['-m connlimit ! --connlimit-above 3', { limit: 3, when: 'upto', side: 'source' }],
    [
      '-m statistic --mode random ! --probability 0.50000000000',
      { mode: 'random', probability: 0x40000000, invert: true },
    ],
    [
      '-m statistic --mode nth --every 5 --packet 2',
      { mode: 'nth', every: 5, packet: 2, invert: false },
    ],
    ['-m length ! --length 100:', { kind: 'length', min: 100, max: 65535, invert: true }],
    ['-m length --length 40', { min: 40, max: 40 }],
    ['-m ttl --ttl-lt 5', { kind: 'ttl', op: 'lt', value: 5, invert: false }],
    ['-m ttl ! --ttl-eq 5', { op: 'eq', value: 5, invert: true }],
    ['-m tos --tos 0x10', { kind: 'tos', value: 16, mask: 255 }],
    ['-m tos ! --tos Minimize-Delay', { value: 16, mask: 63, invert: true }],
    ['-m dscp --dscp-class AF31', { kind: 'dscp', value: 26 }],
    ['-m dscp ! --dscp 0x2e', { value: 46, invert: true }],
    ['-m pkttype ! --pkt-type mcast', { kind: 'pkttype', type: 'multicast', invert: true }],
    ['-m comment --comment "say \\"hi\\""', { kind: 'comment', text: 'say "hi"' }],
    ['-p tcp -m tcpmss --mss 500:', { kind: 'tcpmss', min: 500, max: 65535 }],
    [
      '-m owner --uid-owner 0-99 ! --gid-owner 5 --suppl-groups ! --socket-exists',
      {
        uid: { min: 0, max: 99, invert: false },
        gid: { min: 5, max: 5, invert: true },
        socketExists: false,
        supplementaryGroups: true,
      },
    ],
    [
      '-m string --algo bm --from 4 --to 99 ! --hex-string "a|62 63|\\\\|d" --icase',
      {
        algorithm: 'bm',
        from: 4,
        to: 99,
        pattern: new TextEncoder().encode('abc|d'),
        ignoreCase: true,
        invert: true,
      },
    ],
    [
      '-m u32 --u32 "0 >> 22 & 0x3C @ 4 >> 16 = 0x1:0x5,7 && 8=1"',
      {
        tests: [
          {
            offset: 0,
            steps: [
              { op: '>>', number: 22 },
              { op: '&', number: 0x3c },
              { op: '@', number: 4 },
              { op: '>>', number: 16 },
            ],
            ranges: [
              { min: 1, max: 5 },
              { min: 7, max: 7 },
            ],
          },
          { offset: 8, steps: [], ranges: [{ min: 1, max: 1 }] },
        ],
      },
    ],
    ['-p esp --espspi 1:5', { kind: 'esp', spis: { min: 1, max: 5, invert: false } }],
    ['-p ah -m ah ! --ahspi 7', { kind: 'ah', spis: { min: 7, max: 7, invert: true } }],
    ['-p ipcomp -m ipcomp --ipcompspi 3', { kind: 'ipcomp', cpis: { min: 3, max: 3 } }],
    [
      '-p tcp -m ecn --ecn-tcp-ece ! --ecn-tcp-cwr ! --ecn-ip-ect 2',
      { tcpEce: true, tcpCwr: false, ip: { value: 2, invert: true } },
    ],
    [
      '-m time --datestart 2026-01-02T03:04:05 --timestart 10:00 --timestop 09:30:10 ' +
        '--weekdays Mon,Tue ! --monthdays 1,31 --kerneltz',
      {
        dateStart: Date.UTC(2026, 0, 2, 3, 4, 5) / 1000,
        dateStop: 0x7fffffff,
        dayStart: 36000,
        dayStop: 34210,
        weekDays: 6,
        monthDays: 0x7ffffffc,
        kernelTimezone: true,
        contiguous: false,
      },
    ],
    ['-m helper ! --helper ftp', { kind: 'helper', name: 'ftp', invert: true }],
    ['-m realm --realm 0x1/0xff', { kind: 'realm', value: 1, mask: 255 }],
    ['-m cpu --cpu 1', { kind: 'cpu', cpu: 1 }],
    ['-m socket --transparent --nowildcard', { transparent: true, noWildcard: true }],
    ['-m quota --quota 18446744073709551615', { kind: 'quota', bytes: 2n ** 64n - 1n }],
    [
      '-m cluster --cluster-total-nodes 2 ! --cluster-local-node 2 --cluster-hash-seed 0xdead',
      { totalNodes: 2, nodeMask: 2, hashSeed: 0xdead, invert: true },
    ],
    [
      '-m bpf --bytecode "2,48 0 0 9,6 0 0 0"',
      {
        program: [
          { code: 48, jt: 0, jf: 0, k: 9 },
          { code: 6, jt: 0, jf: 0, k: 0 },
        ],
      },
    ],
    [
      '-m connbytes ! --connbytes 10:20 --connbytes-dir both --connbytes-mode avgpkt',
      { min: 10n, max: 20n, direction: 'both', mode: 'avgpkt', invert: true },
    ],
    ['-m connlabel ! --label 40 --set', { label: 40, set: true, invert: true }],
    ['-m devgroup --src-group 0x1', { src: { value: 1, mask: 0xffffffff }, dst: null }],
    [
      '-m policy --dir in --pol ipsec --strict --reqid 1 ! --proto esp --next --mode tunnel ' +
        '--tunnel-src 10.0.0.0/8',
      {
        direction: 'in',
        policy: 'ipsec',
        strict: true,
        elements: [
          { reqid: { value: 1, invert: false }, proto: { number: 50, invert: true }, mode: null },
          { mode: { value: 'tunnel' }, tunnelSrc: { address: 0x0a000000n }, reqid: null },
        ],
      },
    ],
    ['-m nfacct --nfacct-name x', { kind: 'nfacct', name: 'x' }],
    ['-m ipvs ! --ipvs --vdir REPLY --vmethod MASQ', { ipvs: false, direction: 'reply' }],
    ['-m cgroup ! --path /a', { path: '/a', classId: null, invert: true }],
    ['-p tcp -m osf ! --genre Linux --ttl 0', { genre: 'Linux', ttl: 0, invert: true }],
    [
      '-m rateest --rateest a --rateest-gt --rateest-bps 1mbit',
      { estimator: 'a', other: null, op: 'gt', otherBps: 125000, otherPps: null },
    ],
    [
      '-m rateest --rateest1 a --rateest2 b --rateest-bps1 --rateest-lt',
      { estimator: 'a', other: 'b', bps: 0, op: 'lt' },
    ],
  ] as const)('%s', ([spec, expected]) => {
    expect(match(spec)).toMatchObject(expected);
  });

  test('rpfilter', () => {
    expect(match('-m rpfilter --loose --validmark --invert', 4, 'raw')).toEqual({
      kind: 'rpfilter',
      loose: true,
      validMark: true,
      acceptLocal: false,
      invert: true,
    });
  });

  test.for([
    ['-s fd00::/8', null],
    ['-p icmpv6 --icmpv6-type packet-too-big', { kind: 'icmp6', type: 2, codes: { max: 255 } }],
    ['-p icmpv6 -m icmp6 ! --icmpv6-type 255', { type: 255, invert: true }],
    ['-m hl --hl-gt 5', { kind: 'hl', op: 'gt', value: 5 }],
    [
      '-m frag --fragid 1:5 --fragmore --fragfirst --fragres',
      { ids: { min: 1, max: 5 }, more: true, first: true, reservedZero: true, length: null },
    ],
    ['-m frag --fraglast', { ids: { min: 0, max: 0xffffffff }, more: false }],
    [
      '-m hbh ! --hbh-len 8 --hbh-opts 1:5,3',
      {
        kind: 'hbh',
        length: { value: 8, invert: true },
        options: [
          { type: 1, length: 5 },
          { type: 3, length: null },
        ],
      },
    ],
    ['-m dst --dst-len 8', { kind: 'dst', length: { value: 8, invert: false }, options: [] }],
    [
      '-m rt --rt-type 0 --rt-segsleft 1:3 --rt-0-addrs ::1,::2 --rt-0-not-strict',
      {
        type: { value: 0 },
        segmentsLeft: { min: 1, max: 3 },
        addresses: [1n, 2n],
        notStrict: true,
      },
    ],
    [
      '-m ipv6header ! --header hop-by-hop,frag --soft',
      { headers: ['hop', 'frag'], soft: true, invert: true },
    ],
    ['-m ah ! --ahspi 4 --ahlen 8 --ahres', { spis: { min: 4, invert: true }, reservedZero: true }],
    ['-m eui64', { kind: 'eui64' }],
    ['-p mh --mh-type bu:7', { kind: 'mh', types: { min: 5, max: 7, invert: false } }],
    [
      '-m srh --srh-next-hdr 17 ! --srh-segs-left-gt 5 --srh-psid fd00::/8',
      { nextHeader: { number: 17 }, segmentsLeft: { op: 'gt', value: 5, invert: true } },
    ],
    ['-m iprange --dst-range ::1-::9', { dst: { min: 1n, max: 9n, ...NO_INVERT } }],
    ['-m recent --rcheck', { mask: ALL_V6 }],
    ['-m connlimit --connlimit-upto 1 --connlimit-mask 64', { mask: ALL_V6 - (1n << 64n) + 1n }],
  ] as const)('IPv6: %s', ([spec, expected]) => {
    if (expected === null) expect(rule(spec, 'filter', 6).matches).toEqual([]);
    else expect(match(spec, 6)).toMatchObject(expected);
  });

  test.for([
    '-p tcp -m tcp --tcp-flags SYN,FOO SYN',
    // names that all objects have
    ...['-m pkttype --pkt-type constructor', '-m tos --tos constructor'],
    ...['-m dscp --dscp-class constructor', '-m dscp --dscp-class __proto__'],
    '-m multiport --dports 80',
    '! -p tcp -m multiport --dports 80',
    '-p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16',
    '-p tcp -m multiport --sports 1 --dports 2',
    '-m tcp --dport 80',
    '-p udp -m tcp --dport 80',
    '-p tcp --dport 90:80',
    '-m iprange --src-range 2.2.2.2-1.1.1.1',
    '-m iprange',
    '-m addrtype',
    '-m addrtype --dst-type NOWHERE',
    '-m conntrack',
    '-m conntrack --ctstate NEW,,OLD',
    '-m conntrack ! --ctdir REPLY',
    '-m mark',
    '-m mark --mark 0x100000000',
    '-m mark --mark 1/2/3',
    '-m mac --mac-source 1:2:3:4:5',
    '-m physdev',
    '-m set --match-set foo north',
    '-m set ! --packets-lt 5 --match-set a src',
    '-m limit --limit 0/s',
    '-m limit --limit 10/week',
    '-m limit --limit 20000/s',
    '-m hashlimit --hashlimit-upto 5 --hashlimit-mode srcip',
    '-m recent --seconds 5',
    '-m recent --set --update',
    '-m recent --update --reap',
    '-m connlimit --connlimit-upto 1 --connlimit-above 2',
    '-m statistic --mode random --probability 1.5',
    '-m statistic --mode nth --every 3 --packet 3',
    '-m length --length 70000',
    '-m length --length 5:4',
    '-m ttl --ttl-eq 256',
    '-m ttl ! --ttl-lt 3',
    '-m dscp --dscp 64',
    '-m pkttype --pkt-type foo',
    '-m owner --uid-owner nobody',
    '-m string --string abc',
    '-m string --algo bm --string ""',
    '-m string --algo bm --hex-string "|6|"',
    '-m u32 --u32 "0=1 &&"',
    '-m u32 --u32 "0 ? 1"',
    '-m time --timestart 25:00',
    '-m time --weekdays Foo',
    '-m ecn --ecn-tcp-ece',
    '-m rpfilter',
    '-p icmp --icmp-type nonsense',
    '-p icmp --icmp-type TOS',
    '-m hl --hl-eq 3',
    '-m frag --fragfirst',
  ])('%s is refused', (spec) => {
    expect(problemsOf(spec)).not.toEqual([]);
  });
});
