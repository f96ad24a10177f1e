import {
  FAULT_NOT_IP,
  STAT_CONN_DNAT,
  STAT_CONN_SNAT,
  STAT_CONNECTIONS,
  STAT_COUNT,
  STAT_IGNORED,
  STAT_INJECTED,
  STAT_NAT_ADOPTED,
  STAT_NAT_CHOSEN,
  STAT_OBSERVED,
  STAT_PICKED_UP,
  STAT_UNVERIFIED_CHECKSUM,
} from '../../assembly/abi.ts';
import { FACT_FAULTS } from '../../assembly/abi-capture.ts';
import type { Compiled } from '../compile/compiled.ts';
import { hostNames } from '../host/names.ts';
import { type CaptureFacts, summarizeCapture } from './capture.ts';
import { summarizeEvidence } from './evidence.ts';
import { summarizeHost } from './host.ts';
import { FAULTS } from './names.ts';
import { Outcomes } from './outcomes.ts';
import type { ReplayResult, RuleCounters, Speed } from './result.ts';
import { readTraversals } from './traversals.ts';

/** What one worker counted, see pool/protocol.ts. */
export interface WorkerCounts {
  readonly counters: BigUint64Array;
  readonly stats: BigUint64Array;
  readonly traversals: Uint8Array;
  readonly differences: Uint8Array;
}

export interface ReplayFacts {
  readonly capture: CaptureFacts;
  readonly workers: readonly WorkerCounts[];
  /** Number in the file of a frame as the workers number them. */
  readonly frameNumber: (frame: number) => number;
  readonly speed: Omit<Speed, 'packetsPerSecond'>;
}

/** Puts together what the workers counted. Pure; the order of the workers does not matter. */
export function analyze(compiled: Compiled, facts: ReplayFacts): ReplayResult {
  const names = hostNames(compiled.host);
  const capture = summarizeCapture(facts.capture);
  const stats = sum(
    facts.workers.map((worker) => worker.stats),
    STAT_COUNT,
  );
  const stat = (index: number) => stats[index] ?? 0;
  const outcomes = new Outcomes(compiled, names);
  for (const { traversals } of facts.workers) {
    for (const outcome of readTraversals(traversals)) outcomes.add(outcome);
  }
  return {
    capture,
    host: summarizeHost(compiled),
    frames: {
      inject: stat(STAT_INJECTED),
      observe: stat(STAT_OBSERVED),
      ignore: stat(STAT_IGNORED),
    },
    totals: outcomes.totals,
    paths: outcomes.paths,
    verdicts: outcomes.verdicts,
    reasons: outcomes.reasons,
    classes: outcomes.classes,
    nat: {
      ...outcomes.natPackets,
      snatConnections: stat(STAT_CONN_SNAT),
      dnatConnections: stat(STAT_CONN_DNAT),
      chosen: stat(STAT_NAT_CHOSEN),
      adopted: stat(STAT_NAT_ADOPTED),
    },
    connections: { tracked: stat(STAT_CONNECTIONS), pickedUp: stat(STAT_PICKED_UP) },
    matrix: outcomes.matrix,
    decisions: outcomes.decisions,
    rules: ruleCounters(compiled, facts.workers),
    evidence: summarizeEvidence(
      stats,
      facts.workers.map((worker) => worker.differences),
      names,
      facts.frameNumber,
    ),
    unreadable: unreadable(facts.capture.facts),
    unverifiedChecksums: stat(STAT_UNVERIFIED_CHECKSUM),
    speed: {
      ...facts.speed,
      packetsPerSecond:
        facts.speed.elapsedSec > 0 ? Math.round(capture.frames / facts.speed.elapsedSec) : 0,
    },
  };
}

/** Frames by fault. What is not IP is no fault: it is ignored, and counted as such. */
function unreadable(facts: readonly bigint[]): Record<string, number> {
  return Object.fromEntries(
    FAULTS.flatMap((name, fault) => {
      const frames = Number(facts[FACT_FAULTS + fault] ?? 0n);
      return name === null || fault === FAULT_NOT_IP || frames === 0 ? [] : [[name, frames]];
    }),
  );
}

function sum(arrays: readonly BigUint64Array[], length: number): number[] {
  const totals = new Array<bigint>(length).fill(0n);
  for (const array of arrays) {
    for (let i = 0; i < length; i++) {
      const more = array[i] ?? 0n;
      if (more !== 0n) totals[i] = (totals[i] ?? 0n) + more;
    }
  }
  return totals.map(Number);
}

function ruleCounters(compiled: Compiled, workers: readonly WorkerCounts[]): RuleCounters[] {
  const totals = sum(
    workers.map((worker) => worker.counters),
    compiled.counters.length * 2,
  );
  return compiled.counters.map(({ family, table, chain, number, policy, text, line }, id) => {
    const packets = totals[id * 2] ?? 0;
    const bytes = totals[id * 2 + 1] ?? 0;
    return { family, table, chain, number, policy, text, line, packets, bytes };
  });
}
