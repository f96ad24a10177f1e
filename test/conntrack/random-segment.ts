/** Random connections, and segments around what decides whether they are in the window. */
import type { Random } from '../oracle/random.ts';
import type { Connection, Exports } from './both-ways.ts';
import { IPS_ASSURED, IPS_SEEN_REPLY, TCP_STATES } from './status.ts';
import { ACK, CWR, ECE, PSH, URG } from './wire.ts';

// include/uapi/linux/netfilter/nf_conntrack_tcp.h, nf_conntrack_common.h
export const WINDOW_SCALE = 1;
export const SACK_PERM = 2;
const CLOSE_INIT = 4;
export const BE_LIBERAL = 8;
const DATA_UNACKNOWLEDGED = 16;
const MAXACK_SET = 32;
export const IPS_FIXED_TIMEOUT = 1024;

const SECOND = 1_000_000_000n;
const MAX_ACK_WINDOW = 66000;

export function number32(random: Random): number {
  const start = random.pick([0, 0x7fffffff, 0xffffffff, random.int(0, 0xffffffff)]);
  return (start + random.int(-2000, 2000)) >>> 0;
}

export function flagsOf(random: Random, chances: readonly (readonly [number, number])[]): number {
  return chances.reduce((flags, [flag, chance]) => flags | (random.chance(chance) ? flag : 0), 0);
}

const SIDE_FLAGS = [
  [WINDOW_SCALE, 0.5],
  [SACK_PERM, 0.5],
  [CLOSE_INIT, 0.1],
  [BE_LIBERAL, 0.1],
  [DATA_UNACKNOWLEDGED, 0.5],
  [MAXACK_SET, 0.8],
] as const;

export function beginConnection(
  core: Exports,
  random: Random,
  now: bigint,
  answered = IPS_SEEN_REPLY,
): void {
  const status = flagsOf(random, [
    [IPS_ASSURED, 0.7],
    [IPS_FIXED_TIMEOUT, 0.1],
  ]);
  const usual = TCP_STATES.indexOf(random.chance(0.2) ? 'SYN_RECV' : 'ESTABLISHED');
  const state = random.chance(0.1) ? random.int(1, 9) : usual;
  core.begin(status | answered, state, now + 100n * SECOND, random.int(0, 255));
  const ends = [number32(random), number32(random)];
  for (const dir of [0, 1]) {
    const [end = 0, peer = 0] = dir === 0 ? ends : ends.toReversed();
    const scale = random.chance(0.5) ? 0 : random.int(0, 14);
    const wide = random.int(1, 65535) * 2 ** scale;
    const maxWin = random.pick([wide, wide, wide, 1, MAX_ACK_WINDOW + random.int(-1, 1), 0]);
    const ahead = random.pick([maxWin, maxWin, 0, random.int(0, 100_000)]);
    core.setWindow(dir, end, end + ahead, maxWin, peer - random.int(0, 3000));
    core.setSide(dir, scale, flagsOf(random, SIDE_FLAGS));
  }
  const last = number32(random);
  const retrans = random.pick([0, 0, 1, 2, 3, 254, 255]);
  core.setLast(random.int(0, 1), last, number32(random), last + 10, random.int(0, 65535), retrans);
}

export interface Segment {
  readonly seq: number;
  readonly ack: number;
  readonly win: number;
  readonly options: readonly number[];
  readonly length: number;
}

export const TIMESTAMPS = [1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8];
const TIMESTAMPS_UNALIGNED = [8, 10, 0, 0, 0, 9, 0, 0, 0, 8, 1, 1];

/** One SACK block that ends at `right`. */
export function sack(right: number): number[] {
  const bytes = [24, 16, 8, 0].map((shift) => (right >>> shift) & 0xff);
  return [1, 1, 5, 10, 0, 0, 0, 0, ...bytes];
}

/** A segment of direction `dir`, as it belongs or not quite. */
export function randomSegment(random: Random, { windows, last }: Connection, dir: number): Segment {
  const [sender, receiver] = dir === 0 ? windows : [windows[1], windows[0]];
  const isGood = random.chance(0.5);
  const length = random.pick([0, 0, 1, random.int(1, 1460)]);
  const near = (values: readonly number[]): number =>
    random.pick(values) + random.pick([-1, 0, 0, 1, 2, random.int(-3000, 3000)]);
  const oldest = sender.end - receiver.maxWin;
  const oldestAck = receiver.end - Math.max(sender.maxWin, MAX_ACK_WINDOW);
  const right = near([receiver.end, receiver.maxEnd]);
  return {
    seq: isGood ? sender.end : near([sender.end, sender.maxEnd, oldest, oldest - length]),
    ack: isGood ? receiver.end : near([receiver.end, oldestAck, sender.maxAck]),
    win: random.pick([last.Win, 0, 1, 65535, random.int(1, 65535), random.int(1, 65535)]),
    options: random.pick([[], [], [], TIMESTAMPS, TIMESTAMPS, TIMESTAMPS_UNALIGNED, sack(right)]),
    length,
  };
}

/** The last segment, once more. */
export function repeated({ last }: Connection): Segment {
  const length = (last.End - last.Seq) >>> 0;
  const { Seq: seq, Ack: ack, Win: win } = last;
  return { seq, ack, win, options: [], length: length > 1460 ? 0 : length };
}

export function bytesOf(random: Random, { seq, ack, win, options, length }: Segment): Uint8Array {
  const header = 20 + options.length;
  const bytes = new Uint8Array(header + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, seq);
  view.setUint32(8, ack);
  // now and then one that is too short, or longer than the segment
  bytes[12] = random.chance(0.03) ? random.int(0, 255) : (header / 4) << 4;
  bytes[13] =
    ACK |
    flagsOf(
      random,
      [PSH, URG, ECE, CWR].map((flag) => [flag, 0.2]),
    );
  view.setUint16(14, win);
  bytes.set(options, 20);
  return bytes;
}
