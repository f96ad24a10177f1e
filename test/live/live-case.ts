/**
 * A live case: real traffic of a real dockerd, captured, and the kernel's counters afterwards.
 *
 * Some packets cannot be known from a capture: of a connection that the host itself opened, every
 * interface sees only what OUTPUT's DNAT made of it. Counters may differ by those packets, which
 * dockfw has to name as ambiguous, and by no more.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PacketRecord } from 'dockfw';
import { type CounterDifference, compareCounters, describeCounter } from '../kernel/counters.ts';
import { replayCapture } from '../kernel/replay-capture.ts';

export interface LiveCase {
  readonly name: string;
  readonly capture: string;
  readonly host: string;
  /** `iptables-save -c` when all was over; counters were zero at the start of the capture. */
  readonly counters: string;
  /** `ip6tables-save -c`; null where there was no IPv6. */
  readonly counters6: string | null;
}

export interface LiveResult {
  /** Counters that the ambiguous packets do not explain. */
  readonly counters: readonly CounterDifference[];
  /** Counters that they do. */
  readonly explained: readonly CounterDifference[];
  readonly ambiguous: readonly PacketRecord[];
  /** Frames on their way out that are not as the rules predict. */
  readonly differing: readonly PacketRecord[];
}

export function readLiveCase(directory: string, name: string): LiveCase {
  const root = join(directory, name);
  const capture = readdirSync(root).find((file) => file.startsWith('capture.'));
  if (capture === undefined) throw new Error(`${root} has no capture`);
  const after6 = join(root, 'ip6tables-save-after.txt');
  return {
    name,
    capture: join(root, capture),
    host: join(root, 'host'),
    counters: readFileSync(join(root, 'iptables-save-after.txt'), 'utf8'),
    counters6: existsSync(after6) ? readFileSync(after6, 'utf8') : null,
  };
}

/** OUTPUT's DNAT is the nat table's; nothing else hangs on what the packet was before. */
function isExplained({ line, got }: CounterDifference, ambiguous: number): boolean {
  if (got === null || got.text !== line.text || line.table !== 'nat') return false;
  return Math.abs(got.packets - line.packets) <= ambiguous;
}

export async function checkLiveCase(liveCase: LiveCase, workers: number): Promise<LiveResult> {
  const replayed = await replayCapture(liveCase.host, liveCase.capture, workers);
  const ambiguous = replayed.frames.filter((record) => record.ambiguous);
  const { counters, counters6 } = liveCase;
  const all = [
    ...compareCounters(counters, replayed.counters),
    ...(counters6 === null ? [] : compareCounters(counters6, replayed.counters6)),
  ];
  const explained = all.filter((difference) => isExplained(difference, ambiguous.length));
  return {
    counters: all.filter((difference) => !explained.includes(difference)),
    explained,
    ambiguous,
    differing: replayed.frames.filter((record) => record.differs),
  };
}

function describeFrame(frame: PacketRecord): string {
  const { src, sport, dst, dport } = frame;
  return `frame ${frame.frame} ${frame.proto} ${src}:${sport} > ${dst}:${dport} out ${frame.out}`;
}

/** What the ambiguous packets do not explain; '' when nothing is left. */
export function describeLiveResult(liveCase: LiveCase, result: LiveResult, limit: number): string {
  const { counters, explained, ambiguous, differing } = result;
  if (counters.length === 0 && differing.length === 0) return '';
  return [
    `${liveCase.name}: ${counters.length} counters and ${differing.length} departures differ`,
    ...counters.map(describeCounter),
    ...differing.slice(0, limit).map((frame) => `not as predicted: ${describeFrame(frame)}`),
    ...explained.map((difference) => `explained: ${describeCounter(difference)}`),
    ...ambiguous.map((frame) => `ambiguous: ${describeFrame(frame)}`),
  ].join('\n');
}
