/**
 * Whether random cases were worth judging: what became of the packets, and which rules were hit.
 */
import type { OracleCase } from './judge.ts';

export class Diversity {
  readonly #outcomes = new Map<string, number>();
  packets = 0;
  rules = 0;
  rulesHit = 0;
  translated = 0;
  chosen = 0;

  add(oracle: OracleCase): void {
    for (const { path, verdict, reason, by, packet } of oracle.outcomes) {
      this.packets++;
      const decided = by === null ? '' : by.number === null ? 'policy' : 'rule';
      for (const what of [`${path} ${verdict}`, packet.state ?? 'untracked', reason ?? decided]) {
        this.#outcomes.set(what, (this.#outcomes.get(what) ?? 0) + 1);
      }
      const connection = packet.connection;
      if (connection?.srcNat === true || connection?.dstNat === true) this.translated++;
      if (connection?.chosen === true) this.chosen++;
    }
    for (const [what, { packets }] of oracle.counts) {
      if (!('number' in what)) continue; // a chain's policy
      this.rules++;
      if (packets > 0) this.rulesHit++;
    }
  }

  /** Part of the packets of which this holds: `forward drop`, `ESTABLISHED`, `ttl` … */
  share(what: string): number {
    return (this.#outcomes.get(what) ?? 0) / this.packets;
  }

  toString(): string {
    const shares = [...this.#outcomes.keys()].sort().map((what) => {
      return `${what} ${(100 * this.share(what)).toFixed(1)} %`;
    });
    return `${this.packets} packets, ${this.rulesHit} of ${this.rules} rules hit; ${shares.join(', ')}; translated ${this.translated}, chosen ${this.chosen}`;
  }
}
