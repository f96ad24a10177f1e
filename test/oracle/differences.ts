/** Replays a random case and says how dockfw's answers differ from the oracle's. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reduce } from '../kernel/generate/shrink.ts';
import { replayCapture } from '../kernel/replay-capture.ts';
import { inboundCapture } from '../wire/inbound.ts';
import { compareAnswers } from './compare.ts';
import { judgeArrivals, judgeSeed, type OracleCase } from './judge.ts';
import { type Arrival, frameOf } from './packet.ts';
import { writeSnapshot } from './topology.ts';

/** Sizes in turn: many small rule sets find more than a few large ones, but not everything. */
export function caseOf(seed: number): OracleCase {
  const rulesPerTable = [6, 15, 30, 120][seed % 4] ?? 30;
  const packets = rulesPerTable > 100 ? 1500 : 500;
  return judgeSeed(seed, { rulesPerTable, packets, ordered: seed % 8 === 5 });
}

const START_NANOS = 1_795_000_000_000_000_000n;

function captureOf(arrivals: readonly Arrival[]): Uint8Array {
  const frames = arrivals.map((arrival) => ({
    iface: arrival.in,
    frame: frameOf(arrival),
    nanos: START_NANOS + BigInt(Math.round(arrival.timeSec * 1000)) * 1_000_000n,
  }));
  return inboundCapture(frames);
}

/** Lines; none when both agree. The case is kept in `keep`, or nowhere. */
export async function differencesOf(
  oracle: OracleCase,
  workers: number,
  keep?: string,
): Promise<string[]> {
  const directory = keep ?? mkdtempSync(join(tmpdir(), 'dockfw-oracle-'));
  const capture = join(directory, 'in.pcapng');
  writeSnapshot(join(directory, 'host'), oracle.rules);
  writeFileSync(capture, captureOf(oracle.arrivals));
  const { frames, counters } = await replayCapture(join(directory, 'host'), capture, workers);
  if (keep === undefined) rmSync(directory, { recursive: true });
  return compareAnswers(oracle, frames, counters);
}

/** A case with fewer packets and rules that differs, too. Takes a minute or so. */
export async function shrink(oracle: OracleCase, workers: number): Promise<OracleCase> {
  const { seed } = oracle;
  const judge = (lines: readonly string[], arrivals: readonly Arrival[]): OracleCase =>
    judgeArrivals(seed, lines.join('\n'), arrivals);
  const fails = async (lines: readonly string[], arrivals: readonly Arrival[]) => {
    try {
      return (await differencesOf(judge(lines, arrivals), workers)).length > 0;
    } catch {
      return false; // no rule set any more: a jump without its chain
    }
  };
  let lines: readonly string[] = oracle.rules.split('\n');
  let { arrivals } = oracle;
  arrivals = await reduce(arrivals, (rest) => fails(lines, rest));
  const isRule = (line: string): boolean => line.startsWith('-A ');
  const rules = await reduce(lines.filter(isRule), (rest) => {
    const kept = new Set(rest);
    return fails(
      lines.filter((line) => !isRule(line) || kept.has(line)),
      arrivals,
    );
  });
  lines = lines.filter((line) => !isRule(line) || rules.includes(line));
  arrivals = await reduce(arrivals, (rest) => fails(lines, rest));
  return judge(lines, arrivals);
}
