/** Replays a case and says where dockfw and the kernel part. */
import type { KernelCase } from './case.ts';
import { compareConnections } from './connections.ts';
import { type CounterDifference, compareCounters, describeCounter } from './counters.ts';
import { describeOutcome, OutcomeComparison, type OutcomeDifference } from './outcomes.ts';
import { replayCapture } from './replay-capture.ts';

export interface CaseResult {
  readonly counters: readonly CounterDifference[];
  readonly outcomes: readonly OutcomeDifference[];
  /** Of the connections at the end; lines of text. */
  readonly connections: readonly string[];
  /** Frames whose source port was the kernel's free choice. */
  readonly chosen: readonly number[];
}

export async function checkCase(kernelCase: KernelCase, workers: number): Promise<CaseResult> {
  const replayed = await replayCapture(kernelCase.host, kernelCase.capture, workers);
  const comparison = new OutcomeComparison(kernelCase.masters);
  const records = new Map(replayed.frames.map((record) => [record.frame, record]));
  const outcomes: OutcomeDifference[] = [];
  for (const frame of kernelCase.frames) {
    const difference = comparison.compare(frame, records.get(frame.frame) ?? null);
    if (difference !== null) outcomes.push(difference);
  }
  const counters = [
    ...compareCounters(kernelCase.counters, replayed.counters),
    ...compareCounters(kernelCase.counters6, replayed.counters6),
  ];
  const connections = await compareConnections(kernelCase);
  return { counters, outcomes, connections, chosen: comparison.chosen };
}

/** Everything that differs, at most `limit` frames of it; '' when nothing does. */
export function describeResult(kernelCase: KernelCase, result: CaseResult, limit: number): string {
  const { counters, outcomes, connections } = result;
  const lines: string[] = [];
  for (const difference of outcomes.slice(0, limit)) {
    lines.push(describeOutcome(difference, kernelCase.note(difference.frame)));
  }
  if (outcomes.length > limit) lines.push(`… and ${outcomes.length - limit} more frames`);
  lines.push(...counters.map(describeCounter), ...connections);
  if (lines.length === 0) return '';
  const numbers = [
    `${outcomes.length} of ${kernelCase.frames.length} frames`,
    `${counters.length} counters`,
    `${connections.length} connections`,
  ];
  const summary = `${kernelCase.name}: ${numbers.join(', ')} differ from the kernel's`;
  return [summary, ...lines].join('\n');
}
