/**
 * Time in random cases. A case takes a few tenths of a second and one or two waits of 1.5 s, so
 * that what lasts 1 s is over after a wait, 2 s after two, 4 s never: nothing ends while frames are
 * sent.
 */
import type { Random } from '../../oracle/random.ts';
import type { Judged } from '../lab/question.ts';

const WAIT_MS = 1500;
/** Between frames of which no two may meet the kernel in the same jiffy. */
export const SPACE_MS = 8;
const SECONDS = [1, 2, 4];
/** What the frames may take; 2 s are not over after a wait and as much as this. */
const SLACK_MS = 400;

const CONNTRACK = [
  ...['generic_timeout', 'icmp_timeout', 'icmpv6_timeout', 'frag6_timeout'],
  ...['udp_timeout', 'udp_timeout_stream', 'gre_timeout', 'gre_timeout_stream'],
  ...['syn_sent', 'syn_recv', 'established', 'fin_wait', 'close_wait', 'last_ack', 'time_wait']
    .concat('close', 'max_retrans', 'unacknowledged')
    .map((state) => `tcp_timeout_${state}`),
  ...['closed', 'cookie_wait', 'cookie_echoed', 'established', 'heartbeat_sent']
    .concat('shutdown_sent', 'shutdown_recd', 'shutdown_ack_sent')
    .map((state) => `sctp_timeout_${state}`),
];
const TIMEOUTS = [
  ...CONNTRACK.map((name) => `net.netfilter.nf_conntrack_${name}`),
  'net.ipv4.ipfrag_time',
  'net.ipv6.ip6frag_time',
];

export function shortTimeouts(random: Random): Record<string, number> {
  return Object.fromEntries(TIMEOUTS.map((name) => [name, random.pick(SECONDS)]));
}

/** Milliseconds to wait before frames, by their numbers from 0. */
export function randomWaits(random: Random, frames: number): ReadonlyMap<number, number> {
  const third = Math.floor(frames / 3);
  const places = [random.int(10, third), random.int(2 * third, frames - 10)];
  return new Map(random.some(places, random.int(1, 2)).map((place) => [place, WAIT_MS]));
}

/** Whether the machine was fast enough for nothing to end near a frame. */
export function isPunctual({ question, answer }: Judged): boolean {
  const waited = question.shots.reduce((sum, { wait = 0 }) => sum + wait, 0);
  const [first = 0, last = first] = [answer.micros[0], answer.micros.at(-1)];
  return waited === 0 || (last - first) / 1000 - waited <= SLACK_MS;
}
