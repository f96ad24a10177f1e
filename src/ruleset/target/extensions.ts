/** Every target that a rule can load. A new kind is added here and in index.ts. */
import { type Extension, extensionsByFamily } from '../extension.ts';
import type { Family } from '../values.ts';
import { auditExtension } from './audit.ts';
import { checksumExtension } from './checksum.ts';
import { classifyExtension } from './classify.ts';
import { clusteripExtension } from './clusterip.ts';
import { connmarkTargetExtension } from './connmark.ts';
import { ctExtension, notrackExtension } from './ct.ts';
import { dscpTargetExtension } from './dscp.ts';
import { ecnTargetExtension } from './ecn.ts';
import { hmarkExtension } from './hmark.ts';
import { idletimerExtension } from './idletimer.ts';
import type { Target } from './index.ts';
import { ledExtension } from './led.ts';
import { logExtension } from './log.ts';
import { markTargetExtension } from './mark.ts';
import { dnatExtension, masqueradeExtension, redirectExtension, snatExtension } from './nat.ts';
import { netmapExtension } from './netmap.ts';
import { nflogExtension } from './nflog.ts';
import { nfqueueExtension } from './nfqueue.ts';
import { dnptExtension, snptExtension } from './npt.ts';
import { rateestTargetExtension } from './rateest.ts';
import { reject6Extension, rejectExtension } from './reject.ts';
import { connsecmarkExtension, secmarkExtension } from './secmark.ts';
import { setTargetExtension } from './set.ts';
import { synproxyExtension } from './synproxy.ts';
import { tcpmssTargetExtension } from './tcpmss.ts';
import { tcpoptstripExtension } from './tcpoptstrip.ts';
import { teeExtension } from './tee.ts';
import { tosTargetExtension } from './tos.ts';
import { tproxyExtension } from './tproxy.ts';
import { traceExtension } from './trace.ts';
import { hlTargetExtension, ttlTargetExtension } from './ttl.ts';
import { ulogExtension } from './ulog.ts';
import { verdictExtensions } from './verdict.ts';

const EXTENSIONS: readonly Extension<Target>[] = [
  auditExtension,
  checksumExtension,
  classifyExtension,
  clusteripExtension,
  connmarkTargetExtension,
  ctExtension,
  notrackExtension,
  dscpTargetExtension,
  ecnTargetExtension,
  hmarkExtension,
  idletimerExtension,
  ledExtension,
  logExtension,
  markTargetExtension,
  snatExtension,
  dnatExtension,
  masqueradeExtension,
  redirectExtension,
  netmapExtension,
  nflogExtension,
  nfqueueExtension,
  snptExtension,
  dnptExtension,
  rateestTargetExtension,
  rejectExtension,
  reject6Extension,
  secmarkExtension,
  connsecmarkExtension,
  setTargetExtension,
  synproxyExtension,
  tcpmssTargetExtension,
  tcpoptstripExtension,
  teeExtension,
  tosTargetExtension,
  tproxyExtension,
  traceExtension,
  ttlTargetExtension,
  hlTargetExtension,
  ulogExtension,
  ...verdictExtensions,
];

const BY_FAMILY = extensionsByFamily(EXTENSIONS);

export function targetExtension(family: Family, name: string): Extension<Target> | undefined {
  return BY_FAMILY[family].get(name);
}
