/** A case of the lab, made from a seed: the question and, in asking it, the traffic. */
import { Random } from '../../oracle/random.ts';
import { ask } from '../lab/ask.ts';
import { type Lab, LabError, TOPOLOGY } from '../lab/client.ts';
import type { Backend, Judged, Question } from '../lab/question.ts';
import { randomTables, rulesLines } from './rules.ts';
import { randomSets } from './sets.ts';
import { isPunctual, randomWaits, SPACE_MS, shortTimeouts } from './time.ts';
import type { Family } from './topology.ts';
import { Traffic } from './traffic.ts';

const FRAMES = 90;
/**
 * Of ten seeds, one is about time: connections, fragments and limits that end; and one about the
 * numbers of connections, with its frames spaced.
 */
const KINDS = 10;
const TIMED = 0;
const SPACED = 5;
const ATTEMPTS = 3;

/** Asks with random rules, and with traffic that depends on what the kernel does to it. */
export async function judgeSeed(lab: Lab, seed: number, backend: Backend): Promise<Judged> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const judged = await judgeOnce(lab, seed, backend);
    if (seed % KINDS !== TIMED || isPunctual(judged)) return judged;
  }
  throw new LabError('this machine is too slow for what ends between frames');
}

async function judgeOnce(lab: Lab, seed: number, backend: Backend): Promise<Judged> {
  const random = new Random(seed);
  const families: readonly Family[] = random.pick([[4], [4], [6], [6], [4, 6]]);
  const timed = seed % KINDS === TIMED;
  const spaced = seed % KINDS === SPACED;
  const stateful = spaced || random.chance(timed ? 0.5 : 0.25);
  const sets = randomSets(random);
  const rulesOf = (family: Family): string[] => {
    if (!families.includes(family)) return [];
    const rulesPerTable = random.pick([4, 10, 20]);
    const ofFamily = sets.filter((set) => set.family === family);
    return rulesLines(
      randomTables(random, { family, rulesPerTable, stateful, timed, spaced, sets: ofFamily }),
    );
  };
  const question: Question = {
    about: `random, seed ${seed}`,
    backend,
    topology: TOPOLOGY,
    rules: rulesOf(4),
    rules6: rulesOf(6),
    sets: sets.flatMap(({ lines }) => lines),
    sysctls: { ...randomSysctls(random), ...(timed ? shortTimeouts(random) : {}) },
    shots: [],
  };
  const traffic = new Traffic(random, families);
  const waits = timed ? randomWaits(random, FRAMES) : new Map<number, number>();
  const space = spaced ? SPACE_MS : undefined;
  return ask(lab, question, async (send) => {
    for (let sent = 0; sent < FRAMES; ) {
      for (const shot of traffic.next()) {
        const wait = waits.get(sent++) ?? space;
        traffic.learn(shot, await send(wait === undefined ? shot : { ...shot, wait }));
      }
    }
  });
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
