/** A case of the lab: made from a seed, judged by the kernel, written as test/kernel/cases are. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../../oracle/random.ts';
import type { Backend, Files, Injection, Lab, Setup } from '../lab/client.ts';
import { LabError } from '../lab/client.ts';
import { pcapng } from '../lab/pcapng.ts';
import type { Egress, KernelFrame, Tuple } from '../records.ts';
import { RST, readEthernet, readIp, type Seen, TCP } from './frame.ts';
import { chainLine, randomTables, rulesText, type Table } from './rules.ts';
import { randomSets, setsText } from './sets.ts';
import type { Family } from './topology.ts';
import { type Shot, Traffic } from './traffic.ts';

/** What is put to the kernel. Leaving out rules or shots leaves a case. */
export interface Question {
  readonly seed: number;
  readonly backend: Backend;
  readonly tables: Readonly<Record<Family, readonly Table[]>>;
  readonly sets: string;
  readonly sysctls: Readonly<Record<string, string | number>>;
  readonly shots: readonly Shot[];
}

export interface JudgedFrame {
  readonly shot: Shot;
  readonly injection: Injection;
}

/** A question with the kernel's answer. */
export interface Judged {
  readonly question: Question;
  /** The snapshot, before the first frame. */
  readonly host: Files;
  readonly frames: readonly JudgedFrame[];
  readonly after: Files;
}

const FRAMES = 90;
const NAMES = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmpv6'],
  [132, 'sctp'],
]);

/** Asks with random rules, and with traffic that depends on what the kernel does to it. */
export async function judgeSeed(lab: Lab, seed: number, backend: Backend): Promise<Judged> {
  const random = new Random(seed);
  const families: readonly Family[] = random.pick([[4], [4], [6], [6], [4, 6]]);
  const stateful = random.chance(0.25);
  const sets = randomSets(random);
  const tablesOf = (family: Family): Table[] =>
    families.includes(family) || backend === 'legacy'
      ? randomTables(random, {
          family,
          rulesPerTable: families.includes(family) ? random.pick([4, 10, 20]) : 0,
          stateful,
          sets: sets.filter((set) => set.family === family),
          allTables: backend === 'legacy',
        })
      : [];
  const question: Question = {
    seed,
    backend,
    tables: { 4: tablesOf(4), 6: tablesOf(6) },
    sets: setsText(sets),
    sysctls: randomSysctls(random),
    shots: [],
  };
  const traffic = new Traffic(random, families);
  const shots: Shot[] = [];
  const judged = await judge(lab, question, async (inject) => {
    while (shots.length < FRAMES) {
      for (const shot of traffic.next()) {
        shots.push(shot);
        traffic.learn(shot, await inject(shot));
      }
    }
  });
  return { ...judged, question: { ...judged.question, shots } };
}

/** Asks once more, with the frames as they are. */
export async function judgeQuestion(lab: Lab, question: Question): Promise<Judged> {
  return judge(lab, question, async (inject) => {
    for (const shot of question.shots) await inject(shot);
  });
}

async function judge(
  lab: Lab,
  question: Question,
  send: (inject: (shot: Shot) => Promise<Injection>) => Promise<void>,
): Promise<Judged> {
  const { loaded, files } = await load(lab, question);
  const host = { ...(await lab.snapshot()), ...files };
  const frames: JudgedFrame[] = [];
  await send(async (shot) => {
    const injection = await lab.inject(shot.iface, shot.frame);
    frames.push({ shot, injection });
    return injection;
  });
  return { question: loaded, host, frames, after: await lab.end() };
}

/** Loads the rules; those that this machine's iptables refuses are left out. */
async function load(lab: Lab, question: Question): Promise<{ loaded: Question; files: Files }> {
  let { tables } = question;
  for (;;) {
    const setup: Setup = {
      backend: question.backend,
      rules: rulesText(tables[4]),
      rules6: rulesText(tables[6]),
      sets: question.sets,
      sysctls: question.sysctls,
    };
    try {
      return { loaded: { ...question, tables }, files: await lab.begin(setup) };
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      const family = /^ip6tables/.test(error.message) ? 6 : 4;
      const line = Number(/line:? (\d+)/.exec(error.message)?.[1] ?? Number.NaN);
      const named = rulesText(tables[family]).split('\n')[line - 1] ?? '';
      // of what fails at its COMMIT, no message names the rule
      const bad = named.startsWith('-A ') ? [named] : await refused(lab, setup, family, tables);
      if (bad.length === 0) throw error;
      tables = { ...tables, [family]: without(tables[family], bad) };
    }
  }
}

function refused(
  lab: Lab,
  setup: Setup,
  family: Family,
  tables: Question['tables'],
): Promise<readonly string[]> {
  const listed = tables[family].map((table) => ({ ...table, chains: table.chains.map(chainLine) }));
  return lab.refused(setup, family, listed);
}

function without(tables: readonly Table[], bad: readonly string[]): Table[] {
  return tables.map((table) => ({
    ...table,
    rules: table.rules.filter((rule) => !bad.includes(rule)),
  }));
}

function randomSysctls(random: Random): Record<string, number> {
  const sysctls: Record<string, number> = {
    'net.ipv4.ip_forward': 1,
    'net.ipv6.conf.all.forwarding': 1,
    'net.bridge.bridge-nf-call-iptables': random.chance(0.85) ? 1 : 0,
    'net.bridge.bridge-nf-call-ip6tables': random.chance(0.85) ? 1 : 0,
  };
  if (random.chance(0.15)) sysctls['net.ipv4.conf.all.rp_filter'] = random.int(1, 2);
  if (random.chance(0.1)) sysctls['net.ipv4.conf.eth1.forwarding'] = 0;
  if (random.chance(0.1)) sysctls['net.ipv4.conf.eth0.route_localnet'] = 1;
  if (random.chance(0.1)) sysctls['net.netfilter.nf_conntrack_tcp_loose'] = 0;
  if (random.chance(0.05)) sysctls['net.netfilter.nf_conntrack_checksum'] = 0;
  if (random.chance(0.05)) sysctls['net.netfilter.nf_conntrack_tcp_be_liberal'] = 1;
  return sysctls;
}

/** Writes the case as a directory that case.ts reads. */
export function writeCase(directory: string, judged: Judged): void {
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);
  mkdirSync(join(directory, 'host'), { recursive: true });
  mkdirSync(join(directory, 'expected'), { recursive: true });
  // an empty one too: iptables-nft-save has nothing to say of a host without tables
  for (const [name, text] of Object.entries(judged.host)) write(`host/${name}`, text);
  writeFileSync(
    join(directory, 'in.pcapng'),
    pcapng(
      judged.frames.map(({ shot, injection }) => ({
        iface: shot.iface,
        frame: shot.frame,
        nanos: BigInt(injection.time),
      })),
    ),
  );
  write('expected/counters.txt', judged.after['iptables-save.txt'] ?? '');
  write('expected/counters6.txt', judged.after['ip6tables-save.txt'] ?? '');
  write('expected/conntrack.txt', judged.after['conntrack.txt'] ?? '');
  const lines = kernelFrames(judged).map((frame) => `${JSON.stringify(frame)}\n`);
  write('expected/packets.ndjson', lines.join(''));
  const notes = judged.frames.map(({ shot }, index) => `frame ${index + 1}: ${shot.note}\n`);
  write('NOTES.txt', notes.join(''));
}

export function kernelFrames({ frames }: Judged): KernelFrame[] {
  return frames.map((judged, index) => kernelFrame(judged, index, frames));
}

function kernelFrame(
  { shot, injection }: JudgedFrame,
  index: number,
  all: readonly JudgedFrame[],
): KernelFrame {
  const egress = injection.egress.flatMap(({ iface, frame }): Egress[] => {
    const { ip } = readEthernet(Buffer.from(frame, 'hex'));
    if (ip === null || isReset(shot, iface, ip)) return [];
    return [{ iface, ...tupleOf(ip), ttl: ip.ttl, ...(ip.frag > 0 ? { frag: ip.frag } : {}) }];
  });
  const local = injection.local.map((hex) => readIp(Buffer.from(hex, 'hex')));
  const [first] = local;
  const held =
    shot.datagram !== undefined && egress.length === 0 && local.length === 0
      ? { frag_held: completedBy(shot.datagram, index, all) }
      : {};
  return {
    frame: index + 1,
    in: shot.iface,
    egress,
    ...(first ? { local: true, local_tuple: tupleOf(first) } : {}),
    ...held,
  };
}

/** REJECT answers bridged packets past OUTPUT: an RST, back to where the packet came from. */
function isReset(shot: Shot, iface: string, seen: Seen): boolean {
  const { ip } = readEthernet(shot.frame);
  if (ip === null || iface !== shot.iface || seen.proto !== TCP) return false;
  return (seen.flags & RST) !== 0 && (ip.flags & RST) === 0 && seen.dst === ip.src;
}

/** The frame with which something came of the datagram; null: none. */
function completedBy(datagram: number, from: number, all: readonly JudgedFrame[]): number | null {
  const found = all.findIndex(
    ({ shot, injection }, index) =>
      index > from &&
      shot.datagram === datagram &&
      injection.egress.length + injection.local.length > 0,
  );
  return found < 0 ? null : found + 1;
}

function tupleOf(seen: Seen): Tuple {
  const { src, dst, sport, dport, icmpId } = seen;
  return {
    src,
    dst,
    proto: NAMES.get(seen.proto) ?? `${seen.proto}`,
    ...(sport === null || dport === null ? {} : { sport, dport }),
    ...(icmpId === null ? {} : { icmp_id: icmpId }),
  };
}
