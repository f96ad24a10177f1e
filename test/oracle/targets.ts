/** What a matching rule's target does to the packet. */
import type { Target } from '../../src/ruleset/target/index.ts';
import { type Packet, TCP } from './packet.ts';

/** Targets that set a mapping up; the pipeline does it. */
export type NatTargets = Extract<
  Target,
  { kind: 'DNAT' | 'SNAT' | 'MASQUERADE' | 'REDIRECT' | 'NETMAP' }
>;

export interface Applied {
  readonly verdict: 'accept' | 'drop' | 'reject' | 'nat';
  readonly nat: NatTargets | null;
}

const change = (old: number, mask: number, value: number): number => ((old & ~mask) ^ value) >>> 0;

/** The verdict, or null when the walk goes on with the next rule. */
export function applyTarget(target: Target, packet: Packet): Applied | null {
  switch (target.kind) {
    case 'ACCEPT':
      return { verdict: 'accept', nat: null };
    case 'DROP':
      return { verdict: 'drop', nat: null };
    case 'REJECT':
      return { verdict: 'reject', nat: null };
    case 'DNAT':
    case 'SNAT':
    case 'MASQUERADE':
    case 'REDIRECT':
    case 'NETMAP':
      return { verdict: 'nat', nat: target };
    case 'MARK':
      packet.mark = change(packet.mark, target.mask, target.value);
      return null;
    case 'CONNMARK': {
      const connection = packet.connection;
      if (connection === null) return null;
      if (target.mode === 'set') {
        connection.mark = change(connection.mark, target.ctMask, target.value);
      } else if (target.mode === 'save') {
        connection.mark = change(connection.mark, target.ctMask, packet.mark & target.nfMask);
      } else {
        packet.mark = change(packet.mark, target.nfMask, connection.mark & target.ctMask);
      }
      return null;
    }
    case 'TOS':
      packet.tos = (packet.tos & ~target.mask & 0xff) ^ target.value;
      return null;
    case 'DSCP':
      packet.tos = (packet.tos & 3) | (target.value << 2);
      return null;
    case 'TTL': {
      const { op, value } = target;
      const wanted = op === 'set' ? value : packet.ttl + (op === 'inc' ? value : -value);
      packet.ttl = Math.min(255, Math.max(0, wanted));
      return null;
    }
    case 'TCPMSS':
      // a SYN without options and payload gets the option, four bytes; the second time it is there
      if (packet.proto === TCP && packet.arrival.payload === 0 && !packet.mssAdded) {
        packet.mssAdded = true;
        packet.length += 4;
      }
      return null;
    case 'CT':
      if (target.notrack) packet.state = 'UNTRACKED';
      return null;
    case 'LOG':
    case 'NFLOG':
    case 'CLASSIFY':
    case 'CHECKSUM':
      return null;
    default:
      throw new Error(`the oracle does not know the target ${target.kind}`);
  }
}
