/** Where dockfw's answers to a random case are not the oracle's. */
import type { PacketRecord } from 'dockfw';
import type { CounterLine } from '../kernel/counters.ts';
import type { OracleCase } from './judge.ts';
import { countsByPlace } from './judge.ts';
import type { OracleOutcome } from './pipeline.ts';
import { ipText } from './topology.ts';

interface Answer {
  readonly path: string | null;
  readonly verdict: string | null;
  readonly reason: string | null;
  readonly rule: string | null;
  readonly out: string | null;
  readonly ctstate: string | null;
  readonly addresses: string;
}

function tupleText(src: string, sport: number | null, dst: string, dport: number | null): string {
  return `${src}:${sport ?? ''} > ${dst}:${dport ?? ''}`;
}

function oracleAnswer(outcome: OracleOutcome, sport: number): Answer {
  const { packet, by } = outcome;
  const isIcmp = packet.proto === 1;
  const decided = by === null ? 'no-rules' : by.number === null ? 'policy' : 'rule';
  return {
    path: outcome.path,
    verdict: outcome.verdict,
    reason: outcome.reason ?? decided,
    rule: by === null || by.number === null ? null : `${by.table} ${by.chain} ${by.number}`,
    out: outcome.verdict === 'accept' ? outcome.out : null,
    ctstate: packet.state,
    addresses: tupleText(
      ipText(packet.src),
      sport,
      ipText(packet.dst),
      isIcmp ? null : packet.dport,
    ),
  };
}

function dockfwAnswer(record: PacketRecord): Answer {
  const tuple = record.nat ?? record;
  const { rule } = record;
  return {
    path: record.path,
    verdict: record.verdict,
    reason: record.reason,
    rule: rule === null ? null : `${rule.table} ${rule.chain} ${rule.number}`,
    out: record.verdict === 'accept' ? record.out : null,
    ctstate: record.ctstate,
    addresses: tupleText(tuple.src ?? '', tuple.sport, tuple.dst ?? '', tuple.dport),
  };
}

/** The source port that dockfw has to show: its own choice where the choice is free. */
function sourcePort(outcome: OracleOutcome, record: PacketRecord): number {
  const { packet } = outcome;
  const connection = packet.connection;
  if (connection?.chosen !== true || packet.direction !== 'original') return packet.sport;
  const moved = packet.sport !== packet.arrival.sport;
  const theirs = record.nat?.sport ?? record.sport;
  if (connection.open && theirs !== null) return theirs;
  return moved && theirs !== null && theirs !== packet.arrival.sport ? theirs : packet.sport;
}

/** One line or a few per difference. */
export function compareAnswers(
  oracle: OracleCase,
  frames: readonly PacketRecord[],
  counters: readonly CounterLine[],
): string[] {
  const differences: string[] = [];
  oracle.outcomes.forEach((outcome, index) => {
    const record = frames[index];
    if (record === undefined) {
      differences.push(`frame ${index + 1}: dockfw has no record`);
      return;
    }
    const want = oracleAnswer(outcome, sourcePort(outcome, record));
    const got = dockfwAnswer(record);
    const wrong = (Object.keys(want) as (keyof Answer)[]).filter(
      (field) => want[field] !== got[field] && (field !== 'ctstate' || oracle.tracks),
    );
    if (wrong.length === 0) return;
    const { arrival } = outcome.packet;
    const packet = `${arrival.in} ${record.proto} ${tupleText(record.src ?? '', record.sport, record.dst ?? '', record.dport)}`;
    const fields = wrong.map(
      (field) => `    ${field}: oracle ${want[field]}, dockfw ${got[field]}`,
    );
    differences.push(`frame ${index + 1} ${packet}`, ...fields);
  });
  const theirs = new Map(
    counters.map((line) => [`${line.table} ${line.chain} ${line.number ?? 'policy'}`, line]),
  );
  for (const [place, { packets, bytes }] of countsByPlace(oracle)) {
    const line = theirs.get(place);
    if (line?.packets === packets && line.bytes === bytes) continue;
    const got = line === undefined ? 'nothing' : `${line.packets}:${line.bytes}`;
    differences.push(`${place}: oracle ${packets}:${bytes}, dockfw ${got}: ${line?.text ?? ''}`);
  }
  return differences;
}
