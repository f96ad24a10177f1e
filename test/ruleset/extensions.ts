/** Every match and target of iptables, and how exactly dockfw evaluates it. */
import type { Family } from '../../src/ruleset/values.ts';

/** `refused` is an error; `approximated` may warn. */
export type Status = 'exact' | 'approximated' | 'refused';

/** A rule without its chain; the table, 'filter' unless said otherwise, behind a colon. */
export interface ExtensionRow {
  readonly kind: 'match' | 'target';
  readonly name: string;
  readonly families: readonly Family[];
  readonly status: Status;
  /** How it is approximated, or the error's text. */
  readonly note: string;
  /** Rules in which it stands, of the first family; {6} in front: of IPv6. */
  readonly examples: readonly string[];
}

const BOTH: readonly Family[] = [4, 6];
const V4: readonly Family[] = [4];
const V6: readonly Family[] = [6];

type Row = readonly [
  name: string,
  families: readonly Family[],
  status: Status,
  note: string,
  ...examples: string[],
];

const MATCHES: readonly Row[] = [
  [
    'addrtype',
    BOTH,
    'exact',
    '',
    '-m addrtype --dst-type LOCAL',
    '-m addrtype ! --src-type UNICAST --limit-iface-in',
  ],
  ['ah', BOTH, 'exact', '', '-p ah -m ah --ahspi 1:5', '{6}-m ah ! --ahspi 5 --ahlen 24 --ahres'],
  [
    'bpf',
    BOTH,
    'exact',
    'not `--object-pinned`: what is pinned is not in a snapshot',
    '-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"',
  ],
  [
    'cgroup',
    BOTH,
    'refused',
    'a capture does not tell the control group of a packet',
    '-m cgroup --cgroup 1',
    '-m cgroup --path a/b',
  ],
  [
    'cluster',
    BOTH,
    'exact',
    '',
    '-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 1',
  ],
  ['comment', BOTH, 'exact', '', '-m comment --comment "a b"'],
  [
    'connbytes',
    BOTH,
    'exact',
    '',
    '-m connbytes --connbytes 10:100 --connbytes-dir both --connbytes-mode packets',
    '-m connbytes ! --connbytes 10: --connbytes-dir reply --connbytes-mode avgpkt',
  ],
  ['connlabel', BOTH, 'exact', 'labels by number', '-m connlabel --label 1 --set'],
  ['connlimit', BOTH, 'exact', '', '-p tcp -m connlimit --connlimit-above 3 --connlimit-mask 24'],
  ['connmark', BOTH, 'exact', '', '-m connmark ! --mark 0x1/0xff'],
  [
    'conntrack',
    BOTH,
    'exact',
    '',
    '-m conntrack --ctstate RELATED,DNAT --ctorigdst 10.0.0.0/8 --ctexpire 1:9',
    '-m conntrack --ctstatus ASSURED --ctdir REPLY',
  ],
  ['cpu', BOTH, 'refused', 'which processor handles a packet cannot be known', '-m cpu --cpu 0'],
  ['dccp', BOTH, 'exact', '', '-p dccp -m dccp --dport 5 --dccp-types REQUEST --dccp-option 32'],
  ['devgroup', BOTH, 'exact', '', '-m devgroup --src-group 0x1'],
  ['dscp', BOTH, 'exact', '', '-m dscp --dscp 0x04', '-m dscp --dscp-class EF'],
  ['dst', V6, 'exact', '', '-m dst ! --dst-len 8 --dst-opts 1:4,5'],
  ['ecn', BOTH, 'exact', '', '-p tcp -m ecn ! --ecn-tcp-cwr --ecn-tcp-ece --ecn-ip-ect 1'],
  ['esp', BOTH, 'exact', '', '-p esp -m esp ! --espspi 1:5'],
  ['eui64', V6, 'exact', '', '-m eui64'],
  [
    'frag',
    V6,
    'exact',
    '',
    '-m frag --fragid 1:5 --fragres --fragfirst --fragmore',
    '-m frag --fraglast --fraglen 8',
  ],
  [
    'hashlimit',
    BOTH,
    'exact',
    '',
    '-m hashlimit --hashlimit-above 5/sec --hashlimit-mode srcip --hashlimit-name a',
  ],
  ['hbh', V6, 'exact', '', '-m hbh --hbh-len 8 --hbh-opts 5:2'],
  [
    'helper',
    BOTH,
    'approximated',
    'no connection is one that a helper expected',
    '-m helper --helper ftp',
  ],
  ['hl', V6, 'exact', '', '-m hl --hl-lt 5'],
  ['icmp', V4, 'exact', '', '-p icmp -m icmp --icmp-type 3/4'],
  ['icmp6', V6, 'exact', '', '-p ipv6-icmp -m icmp6 ! --icmpv6-type 128'],
  ['ipcomp', BOTH, 'exact', '', '-p ipcomp -m ipcomp --ipcompspi 1:5 --compres'],
  ['iprange', BOTH, 'exact', '', '-m iprange ! --src-range 10.0.0.1-10.0.0.9'],
  [
    'ipv6header',
    V6,
    'exact',
    '',
    '-m ipv6header --header hop,frag --soft',
    '-m ipv6header ! --header prot',
  ],
  ['ipvs', BOTH, 'approximated', 'no packet belongs to IPVS', '-m ipvs ! --ipvs'],
  ['length', BOTH, 'exact', '', '-m length ! --length 40:60'],
  ['limit', BOTH, 'exact', '', '-m limit --limit 5/min --limit-burst 7'],
  ['mac', BOTH, 'exact', '', '-m mac ! --mac-source 02:42:AC:11:00:02'],
  ['mark', BOTH, 'exact', '', '-m mark --mark 0x1/0xff'],
  ['mh', V6, 'exact', '', '-p ipv6-mh -m mh --mh-type binding-update'],
  ['multiport', BOTH, 'exact', '', '-p udplite -m multiport ! --ports 5,7:9'],
  ['nfacct', BOTH, 'approximated', 'its object has no quota', '-m nfacct --nfacct-name a'],
  ['osf', V4, 'refused', 'passive fingerprints are not evaluated', '-p tcp -m osf --genre Linux'],
  [
    'owner',
    BOTH,
    'approximated',
    "the host's own packets are of no user and group asked for",
    '-m owner --uid-owner 0:mangle@OUTPUT',
    '-m owner ! --socket-exists:mangle@OUTPUT',
  ],
  ['physdev', BOTH, 'exact', '', '-m physdev --physdev-in veth1 --physdev-is-bridged'],
  ['pkttype', BOTH, 'exact', '', '-m pkttype --pkt-type multicast'],
  [
    'policy',
    BOTH,
    'approximated',
    'no packet has been through IPsec',
    '-m policy --dir in --pol ipsec',
  ],
  ['quota', BOTH, 'exact', '', '-m quota --quota 1000'],
  [
    'rateest',
    BOTH,
    'refused',
    'rate estimators are not kept',
    '-m rateest --rateest a --rateest-lt --rateest-bps1 1000',
  ],
  ['realm', V4, 'approximated', 'no route has a realm', '-m realm --realm 0x1'],
  ['recent', BOTH, 'exact', '', '-m recent --update --seconds 60 --hitcount 4 --name a'],
  ['rpfilter', BOTH, 'exact', '', '-m rpfilter --loose --invert:raw'],
  [
    'rt',
    V6,
    'exact',
    '',
    '-m rt --rt-type 0 --rt-segsleft 1:2 --rt-len 24 --rt-0-res --rt-0-addrs ::1 --rt-0-not-strict',
  ],
  ['sctp', BOTH, 'exact', '', '-p sctp -m sctp --dport 5 --chunk-types only DATA:Be,SACK'],
  ['set', BOTH, 'exact', 'sets are in ipset-save.txt', '-m set ! --match-set blocked src'],
  [
    'socket',
    BOTH,
    'refused',
    'the sockets of a host are not in its snapshot',
    '-m socket --transparent',
  ],
  [
    'srh',
    V6,
    'exact',
    '',
    '-m srh --srh-next-hdr 17 --srh-segs-left-gt 1 --srh-tag 5 ! --srh-psid ::/64',
  ],
  ['state', BOTH, 'exact', '', '-m state --state NEW,INVALID'],
  [
    'statistic',
    BOTH,
    'approximated',
    '`--mode random` draws its own numbers; nth is exact',
    '-m statistic --mode random --probability 0.5',
    '-m statistic --mode nth --every 3 --packet 1',
  ],
  ['string', BOTH, 'exact', '', '-m string --string "a b" --algo bm --from 20 --to 90 --icase'],
  ['tcp', BOTH, 'exact', '', '-p tcp -m tcp ! --sport 5:9 --tcp-flags SYN,ACK SYN --tcp-option 8'],
  ['tcpmss', BOTH, 'exact', '', '-p tcp -m tcpmss ! --mss 500:1000'],
  [
    'time',
    BOTH,
    'exact',
    '`--kerneltz` takes UTC for the zone of the kernel',
    '-m time --timestart 22:00 --timestop 04:00 --weekdays Mon --contiguous',
  ],
  ['tos', BOTH, 'exact', '', '-m tos ! --tos 0x10/0x3f'],
  ['ttl', V4, 'exact', '', '-m ttl --ttl-gt 5'],
  ['u32', BOTH, 'exact', '', '-m u32 --u32 "0>>22&0x3C@4=0x1:0x5"'],
  ['udp', BOTH, 'exact', '', '-p udp -m udp ! --dport 53'],
  ['udplite', BOTH, 'exact', '', '-p udplite -m udplite --sport 5'],
];

const RANDOM = 'a choice that the kernel makes at random is marked `nat.chosen`';

const TARGETS: readonly Row[] = [
  ['ACCEPT', BOTH, 'exact', '', '-j ACCEPT'],
  ['AUDIT', BOTH, 'exact', '', '-j AUDIT --type accept'],
  ['CHECKSUM', BOTH, 'exact', '', '-j CHECKSUM --checksum-fill:mangle'],
  ['CLASSIFY', BOTH, 'exact', '', '-j CLASSIFY --set-class 1:2:mangle@POSTROUTING'],
  [
    'CLUSTERIP',
    V4,
    'refused',
    'it is gone from kernels since 6.3',
    '-j CLUSTERIP --new --hashmode sourceip --clustermac 01:02:03:04:05:06 --total-nodes 2 --local-node 1',
  ],
  [
    'CONNMARK',
    BOTH,
    'exact',
    '',
    '-j CONNMARK --save-mark:mangle',
    '-j CONNMARK --set-xmark 0x1/0xff:mangle',
  ],
  ['CONNSECMARK', BOTH, 'exact', '', '-j CONNSECMARK --save:mangle'],
  [
    'CT',
    BOTH,
    'approximated',
    'zones and notrack are exact; nothing is expected by a `--helper`, and `--timeout` is the usual one',
    '-j CT --zone 5:raw',
    '-p tcp -j CT --helper ftp:raw',
    '-p tcp -j CT --timeout long:raw',
  ],
  ['DNAT', BOTH, 'exact', RANDOM, '-p tcp -j DNAT --to-destination 10.0.0.1:80-90:nat'],
  ['DNPT', V6, 'exact', '', '-j DNPT --src-pfx fd00::/64 --dst-pfx 2001:db8::/64:mangle'],
  ['DROP', BOTH, 'exact', '', '-j DROP'],
  ['DSCP', BOTH, 'exact', '', '-j DSCP --set-dscp 0x04:mangle'],
  ['ECN', V4, 'exact', '', '-p tcp -j ECN --ecn-tcp-remove:mangle'],
  ['HL', V6, 'exact', '', '-j HL --hl-dec 1:mangle'],
  [
    'HMARK',
    BOTH,
    'exact',
    '',
    '-j HMARK --hmark-tuple src,dst,sport,dport --hmark-mod 8 --hmark-offset 1 --hmark-rnd 5:mangle',
    '-j HMARK --hmark-tuple ct,src --hmark-mod 8 --hmark-rnd 5:mangle',
  ],
  ['IDLETIMER', BOTH, 'exact', '', '-j IDLETIMER --timeout 10 --label a'],
  ['LED', BOTH, 'exact', '', '-j LED --led-trigger-id a'],
  ['LOG', BOTH, 'exact', '', '-j LOG --log-prefix "a "'],
  ['MARK', BOTH, 'exact', '', '-j MARK --set-xmark 0x1/0xff:mangle'],
  ['MASQUERADE', BOTH, 'exact', RANDOM, '-j MASQUERADE:nat@POSTROUTING'],
  [
    'NETMAP',
    BOTH,
    'exact',
    '',
    '-j NETMAP --to 10.0.0.0/24:nat',
    '{6}-j NETMAP --to fd00::/64:nat',
  ],
  ['NFLOG', BOTH, 'exact', '', '-j NFLOG --nflog-group 5'],
  [
    'NFQUEUE',
    BOTH,
    'approximated',
    'what the program behind the queue says is not known: the packet ends there',
    '-j NFQUEUE --queue-num 5',
  ],
  ['NOTRACK', BOTH, 'exact', '', '-j NOTRACK:raw'],
  ['QUEUE', BOTH, 'approximated', 'as NFQUEUE', '-j QUEUE'],
  [
    'RATEEST',
    BOTH,
    'exact',
    '',
    '-j RATEEST --rateest-name a --rateest-interval 250ms --rateest-ewmalog 500ms',
  ],
  ['REDIRECT', BOTH, 'exact', RANDOM, '-p tcp -j REDIRECT --to-ports 8080:nat'],
  [
    'REJECT',
    BOTH,
    'exact',
    '',
    '-j REJECT --reject-with icmp-host-prohibited',
    '{6}-j REJECT --reject-with icmp6-adm-prohibited',
  ],
  ['RETURN', BOTH, 'exact', '', '-j RETURN'],
  ['SECMARK', BOTH, 'exact', '', '-j SECMARK --selctx a:mangle'],
  ['SET', BOTH, 'exact', 'sets are in ipset-save.txt', '-j SET --add-set blocked src --exist'],
  ['SNAT', BOTH, 'exact', RANDOM, '-j SNAT --to-source 10.0.0.1:nat@POSTROUTING'],
  [
    'SNPT',
    V6,
    'exact',
    '',
    '-j SNPT --src-pfx fd00::/64 --dst-pfx 2001:db8::/64:mangle@POSTROUTING',
  ],
  ['SYNPROXY', BOTH, 'refused', 'it answers in place of the host', '-p tcp -j SYNPROXY --mss 1460'],
  [
    'TCPMSS',
    BOTH,
    'exact',
    '',
    '-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu:mangle',
  ],
  ['TCPOPTSTRIP', BOTH, 'exact', '', '-p tcp -j TCPOPTSTRIP --strip-options mss,8:mangle'],
  ['TEE', BOTH, 'approximated', 'the copy is not followed', '-j TEE --gateway 10.0.0.1:mangle'],
  ['TOS', BOTH, 'exact', '', '-j TOS --set-tos 0x10/0x3f:mangle'],
  [
    'TPROXY',
    BOTH,
    'refused',
    'the sockets of a host are not in its snapshot',
    '-p tcp -j TPROXY --on-port 8080:mangle',
  ],
  ['TRACE', BOTH, 'exact', '', '-j TRACE:raw'],
  ['TTL', V4, 'exact', '', '-j TTL --ttl-inc 1:mangle'],
  ['ULOG', V4, 'exact', '', '-j ULOG'],
];

function rows(kind: ExtensionRow['kind'], table: readonly Row[]): ExtensionRow[] {
  return table.map(([name, families, status, note, ...examples]) => ({
    kind,
    name,
    families,
    status,
    note,
    examples,
  }));
}

export const EXTENSIONS: readonly ExtensionRow[] = [
  ...rows('match', MATCHES),
  ...rows('target', TARGETS),
];

const FAMILY_WORDS = (families: readonly Family[]): string =>
  families.map((family) => `IPv${family}`).join(', ');

function table(kind: ExtensionRow['kind']): string[] {
  const noteOf = ({ status, note }: ExtensionRow) =>
    status === 'refused' ? `\`${kind} "NAME": ${note}\`` : note;
  return [
    `| ${kind} | for | status | |`,
    '| --- | --- | --- | --- |',
    ...EXTENSIONS.filter((row) => row.kind === kind).map((row) =>
      [
        `| ${row.name}`,
        FAMILY_WORDS(row.families),
        row.status,
        noteOf(row).replace('NAME', row.name),
      ]
        .join(' | ')
        .concat(' |'),
    ),
  ];
}

/** docs/extensions.md */
export function extensionsPage(): string {
  return `${[
    '# Extensions',
    '',
    'What dockfw makes of the matches and targets of iptables and ip6tables. `exact`: as the kernel',
    'does, decided from capture and snapshot. `approximated`: decided, under the assumption that is',
    'named. `refused`: an error that names file, line and column, unless `--unknown` says how to go',
    'on. State that rules keep (limits, lists, quotas, labels and counters of connections) begins',
    'with the capture; sets and connections begin as the snapshot has them.',
    '',
    'This page is written by test/ruleset/extensions.test.ts, which also checks it.',
    '',
    '## Matches',
    '',
    ...table('match'),
    '',
    '## Targets',
    '',
    ...table('target'),
  ].join('\n')}\n`;
}
