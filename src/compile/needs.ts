/** What the rules need of connections. */
import type { Match } from '../ruleset/match/index.ts';
import type { Target } from '../ruleset/target/index.ts';
import type { Family } from '../ruleset/values.ts';

const TRACKING_MATCHES: ReadonlySet<string> = new Set([
  'conntrack',
  'state',
  'connmark',
  'connlimit',
  'connbytes',
  'connlabel',
  'cluster',
  'helper',
]);
const TRACKING_TARGETS: ReadonlySet<string> = new Set([
  'CONNMARK',
  'CONNSECMARK',
  'SYNPROXY',
  'DNAT',
  'SNAT',
  'MASQUERADE',
  'REDIRECT',
  'NETMAP',
]);

/** Told of all nodes; once is enough for one that rules share. */
export class ConnectionNeeds {
  /** Families with a rule that makes the kernel track connections (nf_ct_netns_get). */
  readonly tracked = new Set<Family>();
  /** Connections must have counters or labels. */
  extras = false;
  /** Connections must have marks or zones. */
  tags = false;

  match({ kind }: Match, family: Family): void {
    if (TRACKING_MATCHES.has(kind)) this.tracked.add(family);
    if (kind === 'connbytes' || kind === 'connlabel') this.extras = true;
    if (kind === 'connmark') this.tags = true;
  }

  /** NOTRACK alone makes nobody track. */
  target(target: Target, family: Family): void {
    const { kind } = target;
    const isTracking = kind === 'CT' ? !target.notrack : TRACKING_TARGETS.has(kind);
    if (isTracking) this.tracked.add(family);
    if (kind === 'CONNMARK' || (kind === 'CT' && target.zone !== null)) this.tags = true;
  }
}
