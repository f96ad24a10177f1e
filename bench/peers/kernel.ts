/**
 * The kernel itself, in network namespaces of its own: every packet of a scan is forwarded to a
 * container by a published port, so that connection tracking, NAT and FORWARD have a new connection
 * each.
 *
 *     net: out ══ veth ══ eth0 :host (rules) docker0 (ifb: throws everything away)
 *
 * inject.c sends frames by `out`; all that becomes of them is done by the same thread, and CPU time
 * is what counts, so other programs on the machine do not. What sending alone costs is measured
 * first, with frames that are for another MAC address and end before IP, and not held against the
 * kernel; neither is what a real interface would have cost.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { captureOf, hostOf, kept } from '../inputs.ts';
import type { Contender, Sample } from '../row.ts';
import { nftMaps } from './nft-rules.ts';
import { compiled, isInstalled, numberIn, run } from './tools.ts';

/** So many connections fit into the kernel's table as it is configured by default. */
const PACKETS = 200_000;
const SECONDS = 2;
/** What eth0's address is while frames are for somebody else. */
const OTHER_MAC = '02:00:00:00:00:99';
const MAC = '02:00:c0:a8:01:0a';

interface Backend {
  readonly who: string;
  /** Debian packages by the commands that are needed. */
  readonly needs: Readonly<Record<string, string>>;
  /** Path of the rules. */
  rules(ports: number): string;
  /** What loads them. */
  load(path: string): string;
}

const savedRules = (ports: number): string => join(hostOf('docker', ports), 'iptables-save.txt');
const BACKENDS: readonly Backend[] = [
  {
    who: 'kernel, nft maps',
    needs: { nft: 'nftables' },
    rules: (ports) => kept(`maps-${ports}.nft`, (path) => writeFileSync(path, nftMaps(ports))),
    load: (path) => `nft -f ${path}`,
  },
  {
    who: 'kernel, iptables-nft',
    needs: { 'iptables-nft-restore': 'iptables' },
    rules: savedRules,
    load: (path) => `iptables-nft-restore ${path}`,
  },
  {
    who: 'kernel, iptables-legacy',
    needs: { 'iptables-legacy-restore': 'iptables' },
    rules: savedRules,
    load: (path) => `iptables-legacy-restore ${path}`,
  },
];

/** New connections to published ports. */
export function kernelContenders(ports: number): Contender[] {
  return BACKENDS.map((backend) => ({
    who: backend.who,
    prepare: async () => {
      const why = missing(backend);
      if (why !== undefined) return why;
      const inject = await compiled('inject');
      const capture = captureOf({ kind: 'new', packets: PACKETS, connections: 1, ports });
      const rules = backend.rules(ports);
      const send = `${inject} out ${capture} ${PACKETS} ${SECONDS}`;
      return () => forwarding(backend.load(rules), send);
    },
  }));
}

function missing({ needs }: Backend): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  for (const [command, name] of Object.entries({ ip: 'iproute2', gcc: 'gcc', ...needs })) {
    if (!isInstalled(command)) return `${command} is not installed (Debian: ${name})`;
  }
  return undefined;
}

/** Sends in new namespaces, first to nobody, then by the rules. */
async function forwarding(load: string, send: string): Promise<Sample> {
  const [host, net] = [`dockfw-bench-${process.pid}`, `dockfw-bench-${process.pid}-net`];
  try {
    await script([`ip netns add ${host}`, `ip netns add ${net}`, ...links(host, net)]);
    const nobody = await script([
      `ip -n ${host} link set eth0 address ${OTHER_MAC}`,
      `ip netns exec ${net} ${send}`,
    ]);
    const forwarded = await script([
      `ip -n ${host} link set eth0 address ${MAC}`,
      `ip netns exec ${host} ${load}`,
      `ip netns exec ${net} ${send}`,
      `ip -n ${host} -s -j link show docker0`,
    ]);
    const frames = numberIn(forwarded, /^(\d+) frames/);
    const arrived = numberIn(forwarded, /"rx":.*?"packets":(\d+)/);
    if (arrived < frames) throw new Error(`${arrived} of ${frames} packets were forwarded`);
    const sending = numberIn(nobody, / ([\d.]+) s$/) / numberIn(nobody, /^(\d+) frames/);
    return { rate: frames / (numberIn(forwarded, / ([\d.]+) s$/) - sending * frames) };
  } finally {
    await script([`ip netns del ${host}; ip netns del ${net}`]);
  }
}

const script = (lines: readonly string[]) => run('sh', ['-ec', lines.join('\n')]);

function links(host: string, net: string): string[] {
  const sysctls = ['ip_forward=1', 'conf.all.rp_filter=0', 'conf.eth0.rp_filter=0'];
  return [
    `ip -n ${host} link add eth0 type veth peer name out netns ${net}`,
    `ip -n ${host} link add docker0 type ifb`,
    `ip netns exec ${host} sysctl -qw net.ipv6.conf.all.disable_ipv6=1`,
    `ip netns exec ${net} sysctl -qw net.ipv6.conf.all.disable_ipv6=1`,
    `ip -n ${host} addr add 192.168.1.10/24 dev eth0`,
    `ip -n ${host} addr add 172.17.0.1/16 dev docker0`,
    ...['lo', 'eth0', 'docker0'].map((name) => `ip -n ${host} link set ${name} up`),
    `ip -n ${net} link set out up`,
    `ip -n ${host} route add default via 192.168.1.1`,
    ...sysctls.map((text) => `ip netns exec ${host} sysctl -qw net.ipv4.${text}`),
  ];
}
