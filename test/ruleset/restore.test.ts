/**
 * What iptables-restore --test takes and refuses, dockfw takes and refuses: each line on its own,
 * in a network namespace, by both back ends. Needs root and iptables; otherwise skipped.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { Family } from '../../src/ruleset/values.ts';
import { rulesets } from './corpus.ts';
import { parse, tableOf } from './parse.ts';

interface Tool {
  readonly name: string;
  readonly family: Family;
}

const TOOLS: readonly Tool[] = [
  { name: 'iptables-nft-restore', family: 4 },
  { name: 'iptables-legacy-restore', family: 4 },
  { name: 'ip6tables-nft-restore', family: 6 },
  { name: 'ip6tables-legacy-restore', family: 6 },
];

/** With --test the kernel is not asked, so what it alone refuses is loaded (into the namespace). */
function restore(tool: Tool, text: string, ...options: readonly string[]) {
  return spawnSync('unshare', ['-n', tool.name, ...options], { input: text, encoding: 'utf8' });
}

const usable = TOOLS.filter((tool) => restore(tool, '*filter\nCOMMIT\n', '--test').status === 0);
if (usable.length < TOOLS.length) {
  const names = TOOLS.filter((tool) => !usable.includes(tool)).map(({ name }) => name);
  process.stderr.write(`skipped: cannot run ${names.join(', ')} in a namespace\n`);
}

type Case = readonly [spec: string, table: string, family?: Family];

const GOOD: readonly Case[] = [
  ['! -s 10.0.0.0/8 -d 1.2.3.4 -p tcp --dport http -j ACCEPT', 'filter'],
  ['-s 10/8 -d 1.2.3.4/255.0.255.0', 'filter'],
  ['-p tcp -m multiport --dport 22,80:90 -j DROP', 'filter'],
  ['-p tcp --syn -m conntrack ! --ctstate est,RELATED -g next', 'filter'],
  ['-m comment --comment "a \\"b\\" c" -m comment --comment x', 'filter'],
  ['-p icmp --icmp-type 3/4 -m limit --limit 3/m --limit-burst 7', 'filter'],
  ['-p icmp --icmp-type echo-request', 'filter'],
  ['-m hashlimit --hashlimit-above 512kb/s --hashlimit-mode srcip --hashlimit-name x', 'filter'],
  ['-m string --algo bm --hex-string "a|62 63|d" --to 100', 'filter'],
  ['-m u32 --u32 "0>>22&0x3C@4>>16=0x1:0x5,7 && 8=1"', 'filter'],
  ['-m time --timestart 10:00 --weekdays Mon,Fri', 'filter'],
  ['-m recent --update --seconds 60 --hitcount 4 --rttl --name ssh', 'filter'],
  ['-m statistic --mode nth --every 3 --packet 2', 'filter'],
  ['-m addrtype ! --dst-type LOCAL,ANYCAST --limit-iface-in', 'filter'],
  ['-m connlimit --connlimit-above 3 --connlimit-mask 24', 'filter'],
  ['-m owner --socket-exists', 'filter'],
  ['-p tcp -m tcpmss --mss 500:1000', 'filter'],
  ['-p udp -c 5 6 -j REJECT --reject-with host-unr', 'filter'],
  ['-j LOG --log-prefix "x y " --log-level error', 'filter'],
  ['-p tcp -j DNAT --to-destination 10.0.0.1:80-90', 'nat'],
  ['-p tcp -j REDIRECT --to-ports 8080 --random', 'nat'],
  ['-j MARK --set-xmark 0x1/0xff', 'mangle'],
  ['-j CONNMARK --restore-mark --nfmask 0xf --ctmask 0xff', 'mangle'],
  ['-j TTL --ttl-inc 1', 'mangle'],
  ['-p tcp -j TCPOPTSTRIP --strip-options mss,8', 'mangle'],
  ['-j CT --zone-orig 5', 'raw'],
  ['-j NOTRACK', 'raw'],
  ['-m rpfilter --loose --invert -j DROP', 'raw'],
  ['-m frag --fragid 1:5 --fragfirst', 'filter', 6],
  ['-p icmpv6 --icmpv6-type neighbour-solicitation', 'filter', 6],
  ['-m rt --rt-type 0 --rt-segsleft 1 --rt-0-addrs ::1', 'filter', 6],
  ['-m ipv6header --header hop,frag --soft', 'filter', 6],
  ['-p tcp -j DNAT --to-destination [fd00::1]:80', 'nat', 6],
];

const BROKEN: readonly Case[] = [
  ['-p tcp --dport 99999', 'filter'],
  ['-p tcp --dport', 'filter'],
  ['--dport 80', 'filter'],
  ['-p tcp --s 5', 'filter'],
  ['-p nonsense', 'filter'],
  ['-p tcp ! ! --dport 80', 'filter'],
  ['-p tcp stray', 'filter'],
  ['-s ::1', 'filter'],
  ['-s 1.1.1.1/33', 'filter'],
  ['-s 1.1.1.1 -s 2.2.2.2', 'filter'],
  ['! -s 1.1.1.1,2.2.2.2', 'filter'],
  ['-o eth0', 'filter'],
  ['-i a-very-long-interface', 'filter'],
  ['-j ACCEPT --foo', 'filter'],
  ['! -j ACCEPT', 'filter'],
  ['-m nosuchmatch --foo', 'filter'],
  ['-m conntrack --ctstate FOO', 'filter'],
  ['-m conntrack ! --ctdir REPLY', 'filter'],
  ['-m limit --limit 3/fortnight', 'filter'],
  ['-m mark --mark 1/2/3', 'filter'],
  ['-m mac --mac-source 1:2:3', 'filter'],
  ['-m recent --reap --update', 'filter'],
  ['-m statistic --mode nth --every 3 --packet 3', 'filter'],
  ['-m iprange --src-range 1.1.1.x', 'filter'],
  ['-m u32 --u32 "0=1 &&"', 'filter'],
  ['-m physdev', 'filter'],
  ['-p tcp -m multiport --sports 1 --dports 2', 'filter'],
  ['-m multiport --dports 2', 'filter'],
  ['-m set --match-set a north', 'filter'],
  ['-p icmp --icmp-type nonsense', 'filter'],
  ['-j REJECT --reject-with nonsense', 'filter'],
  ['-j LOG --log-level 9', 'filter'],
  ['-j DNAT --to-destination 10.0.0.1:80', 'nat'],
  ['-j DNAT', 'nat'],
  ['-p tcp -j REDIRECT --to-ports 90-80', 'nat'],
  ['-j MARK', 'mangle'],
  ['-j MARK --set-mark 1 --or-mark 2', 'mangle'],
  ['-j TTL --ttl-dec 0', 'mangle'],
  ['-f', 'filter', 6],
  ['-p icmpv6 --icmpv6-type nonsense', 'filter', 6],
  ['-m rt --rt-0-res', 'filter', 6],
];

const FILTER = '*filter\n:INPUT ACCEPT [0:0]\n:a - [0:0]\n:b - [0:0]\n';

const BROKEN_FILES: ReadonlyArray<readonly [what: string, text: string]> = [
  ['a jump to a missing chain', `${FILTER}-A INPUT -j NOWHERE\nCOMMIT\n`],
  ['a goto to a missing chain', `${FILTER}-A INPUT -g NOWHERE\nCOMMIT\n`],
  ['a circle of chains', `${FILTER}-A INPUT -j a\n-A a -j b\n-A b -j a\nCOMMIT\n`],
  ['a circle of gotos', `${FILTER}-A INPUT -j a\n-A a -g b\n-A b -g a\nCOMMIT\n`],
  ['a chain that jumps to itself', `${FILTER}-A INPUT -j a\n-A a -j a\nCOMMIT\n`],
  ['a jump to a base chain', `${FILTER}-A a -j INPUT\nCOMMIT\n`],
  ['a rule in a chain that is not declared', `${FILTER}-A c -j DROP\nCOMMIT\n`],
  ['no COMMIT', `${FILTER}-A INPUT -j a\n`],
  ['an unknown table', '*fliter\n:INPUT ACCEPT [0:0]\nCOMMIT\n'],
];

describe.each(usable)('$name', (tool) => {
  test.for(BROKEN_FILES)('refuses %s', ([, text]) => {
    expect(restore(tool, text).status).not.toBe(0);
    expect(parse(text, tool.family).problems).not.toEqual([]);
  });

  const mine = (cases: readonly Case[]) =>
    cases.filter(([, , family = 4]) => family === tool.family);

  test.for(mine(GOOD))('takes %s', ([spec, table]) => {
    const text = tableOf(spec, table);
    const { status, stderr } = restore(tool, text, '--test');
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(parse(text, tool.family).problems.map((problem) => problem.format())).toEqual([]);
  });

  test.for(mine(BROKEN))('refuses %s', ([spec, table]) => {
    const text = tableOf(spec, table);
    expect(restore(tool, text, '--test').status).not.toBe(0);
    expect(parse(text, tool.family).problems).not.toEqual([]);
  });
});

describe.each(usable)('$name and the test data', (tool) => {
  /** Sets that are not there stop iptables-restore, and so does CRLF. */
  const files = rulesets().filter(
    ({ text, family }) =>
      family === tool.family &&
      !text.includes('--match-set') &&
      !text.includes('\r\n') &&
      /^\*/m.test(text),
  );

  test.skipIf(files.length > 0)('skipped: there is no test data', (context) => context.skip());
  test.for(files)('$name', ({ name, text }) => {
    const { status, stderr } = restore(tool, text, '--test');
    expect({ name, status, stderr }).toMatchObject({ status: 0 });
    expect(parse(text, tool.family).problems).toEqual([]);
  });
});
