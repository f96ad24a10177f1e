import type { AuditTarget } from './audit.ts';
import type { ChecksumTarget } from './checksum.ts';
import type { ClassifyTarget } from './classify.ts';
import type { ClusteripTarget } from './clusterip.ts';
import type { ConnmarkTarget } from './connmark.ts';
import type { CtTarget } from './ct.ts';
import type { DscpTarget } from './dscp.ts';
import type { EcnTarget } from './ecn.ts';
import type { HmarkTarget } from './hmark.ts';
import type { IdletimerTarget } from './idletimer.ts';
import type { JumpTarget } from './jump.ts';
import type { LedTarget } from './led.ts';
import type { LogTarget } from './log.ts';
import type { MarkTarget } from './mark.ts';
import type { InterfaceNatTarget, NatTarget } from './nat.ts';
import type { NetmapTarget } from './netmap.ts';
import type { NflogTarget } from './nflog.ts';
import type { NfqueueTarget } from './nfqueue.ts';
import type { NptTarget } from './npt.ts';
import type { RateestTarget } from './rateest.ts';
import type { RejectTarget } from './reject.ts';
import type { ConnsecmarkTarget, SecmarkTarget } from './secmark.ts';
import type { SetTarget } from './set.ts';
import type { SynproxyTarget } from './synproxy.ts';
import type { TcpmssTarget } from './tcpmss.ts';
import type { TcpoptstripTarget } from './tcpoptstrip.ts';
import type { TeeTarget } from './tee.ts';
import type { TosTarget } from './tos.ts';
import type { TproxyTarget } from './tproxy.ts';
import type { TraceTarget } from './trace.ts';
import type { TtlTarget } from './ttl.ts';
import type { UlogTarget } from './ulog.ts';
import type { UnknownTarget } from './unknown.ts';
import type { VerdictTarget } from './verdict.ts';

/** Every target that a rule can have, told apart by `kind`. */
export type Target =
  | AuditTarget
  | ChecksumTarget
  | ClassifyTarget
  | ClusteripTarget
  | ConnmarkTarget
  | ConnsecmarkTarget
  | CtTarget
  | DscpTarget
  | EcnTarget
  | HmarkTarget
  | IdletimerTarget
  | InterfaceNatTarget
  | JumpTarget
  | LedTarget
  | LogTarget
  | MarkTarget
  | NatTarget
  | NetmapTarget
  | NflogTarget
  | NfqueueTarget
  | NptTarget
  | RateestTarget
  | RejectTarget
  | SecmarkTarget
  | SetTarget
  | SynproxyTarget
  | TcpmssTarget
  | TcpoptstripTarget
  | TeeTarget
  | TosTarget
  | TproxyTarget
  | TraceTarget
  | TtlTarget
  | UlogTarget
  | UnknownTarget
  | VerdictTarget;

export type TargetKind = Target['kind'];
