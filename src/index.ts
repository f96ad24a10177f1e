/**
 * dockfw: what would this firewall do to this traffic? Offline, as the Linux kernel would.
 *
 *     const compiled = compile(await readHost('web1.host'));
 *     const result = await replay(compiled, 'capture.pcap');
 */
export type {
  CtState,
  DifferenceKind,
  Path,
  Reason,
  Role,
  TrafficClass,
  Verdict,
} from './analysis/names.ts';
export type { PacketNat, PacketRecord, PacketRule, PacketTuple } from './analysis/packet.ts';
export type {
  CaptureSummary,
  ClassTotals,
  ConnectionTotals,
  Decision,
  Difference,
  Evidence,
  FrameTotals,
  HostSummary,
  MatrixCell,
  Named,
  NatTotals,
  ProblemSummary,
  ReplayResult,
  RuleCounters,
  RuleReference,
  Speed,
  Totals,
} from './analysis/result.ts';
export { type CaptureSource, openCapture } from './capture/index.ts';
export {
  type Compiled,
  type CompileOptions,
  type CounterInfo,
  compile,
} from './compile/index.ts';
export * from './errors.ts';
export { type Assumption, type Host, type HostOptions, readHost } from './host/index.ts';
export { judge } from './judge/judge.ts';
export type { Judgement, PacketSpec } from './judge/packet.ts';
export { Threads } from './pool/threads.ts';
export {
  type PacketSink,
  type ReplayOptions,
  type ReplayProgress,
  replay,
} from './replay.ts';
export { countersText } from './report/counters.ts';
export { type PacketFile, packetFile } from './report/packets.ts';
