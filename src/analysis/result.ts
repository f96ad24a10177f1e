/**
 * What a replay found out: plain data, the same for the same input (but for `speed`), ready for
 * JSON. Counts are of packets, IP bytes on arrival, and connections begun or attempted.
 */
import type { Assumption } from '../host/host.ts';
import type { DifferenceKind, Path, Reason, TrafficClass, Verdict } from './names.ts';

export interface Totals {
  readonly packets: number;
  readonly bytes: number;
  readonly connections: number;
}

export type Named<Name extends string, T = Totals> = { readonly name: Name } & T;

export interface CaptureSummary {
  readonly name: string;
  readonly format: 'pcap' | 'pcapng' | 'unknown';
  /** LINKTYPE_* of the first interface; `mixed` where the others have another one. */
  readonly linkType: number;
  readonly mixedLinkTypes: boolean;
  readonly interfaces: number;
  readonly frames: number;
  /** Bytes of the decompressed capture that were read. */
  readonly bytes: number;
  /** Original lengths of all frames. */
  readonly frameBytes: number;
  /** ISO 8601 with the capture's digits; null without frames. */
  readonly firstTime: string | null;
  readonly lastTime: string | null;
  readonly durationSec: number;
  /** Frames of which only the first part was captured. */
  readonly snapped: number;
  readonly reassembled: number;
  readonly reassemblyFailed: number;
  /** Frames whose interface was told from addresses, for lack of anything better. */
  readonly placedByAddress: number;
  /** Why reading stopped before the end of the capture; null: it did not. */
  readonly fault: { readonly message: string; readonly offset: number } | null;
}

export interface HostSummary {
  readonly source: string;
  readonly docker: string | null;
  readonly interfaces: number;
  readonly networks: readonly string[];
  readonly containers: number;
  readonly rules: number;
  readonly rulesV6: number;
  readonly assumed: readonly Assumption[];
  readonly problems: readonly ProblemSummary[];
}

export interface ProblemSummary {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
}

/** What became of the frames of the capture. They add up to `capture.frames`. */
export interface FrameTotals {
  /** Packets that entered the host there, and were evaluated. */
  readonly inject: number;
  /** The same packets, seen again further on. */
  readonly observe: number;
  readonly ignore: number;
}

export interface ClassTotals extends Totals {
  readonly name: TrafficClass;
  readonly accepted: Totals;
  /** Dropped, rejected or queued. */
  readonly dropped: Totals;
}

export interface NatTotals {
  /** Packets of connections with a translated source, destination, both. */
  readonly snatPackets: number;
  readonly dnatPackets: number;
  readonly bothPackets: number;
  readonly snatConnections: number;
  readonly dnatConnections: number;
  /**
   * Translations to a port that the kernel draws at random: any of the range is right.
   */
  readonly chosen: number;
  /** Of these, choices that the capture showed: the kernel's own were taken over. */
  readonly adopted: number;
}

export interface ConnectionTotals {
  /** Connections that came to be. */
  readonly tracked: number;
  /** Begun before the capture, picked up in the middle. */
  readonly pickedUp: number;
}

/** Connections from one network to another. */
export interface MatrixCell {
  readonly from: string;
  readonly to: string;
  readonly accepted: number;
  readonly dropped: number;
}

/** A rule or policy with its counters: those of this replay alone. */
export interface RuleCounters {
  readonly family: 4 | 6;
  readonly table: string;
  readonly chain: string;
  /** 1-based; null for a policy. */
  readonly number: number | null;
  readonly policy: 'ACCEPT' | 'DROP' | null;
  readonly line: number;
  readonly text: string;
  readonly packets: number;
  readonly bytes: number;
}

/** Who decided about packets: a rule, a policy, or something that is neither. */
export interface Decision extends Totals {
  readonly verdict: Verdict;
  readonly reason: Reason;
  /** null where neither a rule nor a policy decided. */
  readonly rule: RuleReference | null;
}

export interface RuleReference {
  readonly family: 4 | 6;
  readonly table: string;
  readonly chain: string;
  readonly number: number | null;
  readonly line: number;
  readonly text: string;
}

/** Packets seen leaving the host, held against what the rules predict. */
export interface Evidence {
  readonly exact: number;
  readonly different: number;
  /** Outgoing with a host address, of no known connection: taken as sent by the host. */
  readonly outputAmbiguous: number;
  /** Sent by the host; OUTPUT's DNAT may have translated them before any interface saw them. */
  readonly localDnatAmbiguous: number;
  /** Came in where the capture did not look, and were seen behind DNAT: taken as sent to a
   * published port of the host. */
  readonly dnatUndone: number;
  /** The first ones, by frame number. */
  readonly differences: readonly Difference[];
}

export interface Difference {
  readonly frame: number;
  /** The frame in which the packet entered. */
  readonly injected: number;
  /** Predicted to be dropped; left by another interface; left with other addresses or ports. */
  readonly kind: DifferenceKind;
  readonly seenOn: string | null;
  readonly predicted: string | null;
}

export interface Speed {
  readonly workers: number;
  /** Why there is one worker where more were allowed; null: as asked. */
  readonly oneWorker: string | null;
  readonly elapsedSec: number;
  readonly packetsPerSecond: number;
}

export interface ReplayResult {
  readonly capture: CaptureSummary;
  readonly host: HostSummary;
  readonly frames: FrameTotals;
  readonly totals: Totals;
  readonly paths: readonly Named<Path | 'none'>[];
  readonly verdicts: readonly Named<Verdict>[];
  readonly reasons: readonly Named<Reason>[];
  readonly classes: readonly ClassTotals[];
  readonly nat: NatTotals;
  readonly connections: ConnectionTotals;
  readonly matrix: readonly MatrixCell[];
  /** Drops first, then by packets. */
  readonly decisions: readonly Decision[];
  /** In the order of counter ids: every rule, then every chain's policy. */
  readonly rules: readonly RuleCounters[];
  readonly evidence: Evidence;
  /** Frames that could not be evaluated, by the layer that failed. */
  readonly unreadable: Readonly<Record<string, number>>;
  /**
   * Checksums that could not be verified, since the frames are cut short, and were taken as good.
   */
  readonly unverifiedChecksums: number;
  readonly speed: Speed;
}
