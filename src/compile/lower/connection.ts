/** Matches on the packet's connection. */
import {
  CONNBYTES_AVERAGE,
  CONNBYTES_BOTH,
  CONNBYTES_BYTES,
  CONNBYTES_PACKETS,
  CONNTRACK_DIRECTION,
  CONNTRACK_EXPIRES,
  CONNTRACK_ORIG_SPORT,
  CONNTRACK_ORIG_SRC,
  CONNTRACK_PROTO,
  CONNTRACK_STATE,
  CONNTRACK_STATUS,
  CT_VALUE_DNAT,
  CT_VALUE_REPLY,
  CT_VALUE_SNAT,
  CT_VALUES,
  DIM_CT,
  MATCH_CLUSTER,
  MATCH_CONNBYTES,
  MATCH_CONNLABEL,
  MATCH_CONNTRACK,
} from '../../../assembly/abi-rules.ts';
import type { AddressMatch, Family } from '../../ruleset/values.ts';
import { ByteWriter } from './byte-writer.ts';
import { match, values } from './condition.ts';
import type { LowerContext, LoweredMatch, MatchOf } from './context.ts';
import { maskPayload } from './header.ts';

const CONNBYTES_DIRECTIONS = { original: 0, reply: 1, both: CONNBYTES_BOTH } as const;
const CONNBYTES_MODES = {
  packets: CONNBYTES_PACKETS,
  bytes: CONNBYTES_BYTES,
  avgpkt: CONNBYTES_AVERAGE,
} as const;

/** As the library writes it, an inverted range has its ends swapped: of one number it is not. */
export function lowerConnbytes(connbytes: MatchOf<'connbytes'>): LoweredMatch[] {
  const { min, max, invert, direction, mode } = connbytes;
  const out = new ByteWriter().u64(min, max);
  out.u32(CONNBYTES_DIRECTIONS[direction], CONNBYTES_MODES[mode]);
  return [match(MATCH_CONNBYTES, out.toUint8Array(), invert && max > min)];
}

export function lowerConnlabel({ label, set, invert }: MatchOf<'connlabel'>): LoweredMatch[] {
  const payload = new ByteWriter().u32(label, set ? 1 : 0).toUint8Array();
  return [match(MATCH_CONNLABEL, payload, invert)];
}

export function lowerCluster(cluster: MatchOf<'cluster'>): LoweredMatch[] {
  const { totalNodes, nodeMask, hashSeed, invert } = cluster;
  const payload = new ByteWriter().u32(totalNodes, nodeMask, hashSeed, 0).toUint8Array();
  return [match(MATCH_CLUSTER, payload, invert)];
}

type Conntrack = MatchOf<'conntrack'>;
type States = Pick<MatchOf<'state'>, 'values' | 'invert'>;

/** CT_* of assembly/abi.ts; the position is the number. */
const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'] as const;
const STATE_BITS = 7;
const FIRST_UNTRACKED = 3;
/** enum ip_conntrack_status; NONE is no bit at all. */
const STATUS_BITS = { NONE: 0, EXPECTED: 1, SEEN_REPLY: 2, ASSURED: 4, CONFIRMED: 8 } as const;

/** Whether a value of DIM_CT belongs to a packet with a connection. */
function hasConnection(value: number): boolean {
  return (value & STATE_BITS) < FIRST_UNTRACKED;
}

/** Of SNAT and DNAT as states: whether the connection is translated, whatever its state is. */
function stateHolds(states: States, value: number): boolean {
  const translated =
    hasConnection(value) &&
    ((states.values.includes('SNAT') && (value & CT_VALUE_SNAT) !== 0) ||
      (states.values.includes('DNAT') && (value & CT_VALUE_DNAT) !== 0));
  const state = STATES[value & STATE_BITS];
  const named = state !== undefined && states.values.includes(state);
  return (named || translated) !== states.invert;
}

export function lowerState(state: MatchOf<'state'>, { host }: LowerContext): LoweredMatch[] {
  return [values(DIM_CT, host, (value) => stateHolds(state, value))];
}

/** Without a connection only the state is asked, and there must be one (conntrack_mt). */
export function lowerConntrack(conntrack: Conntrack, context: LowerContext): LoweredMatch[] {
  const { states, direction } = conntrack;
  const holds = (value: number) => {
    if (states !== null && !stateHolds(states, value)) return false;
    if (!hasConnection(value)) return states !== null;
    return direction === null || ((value & CT_VALUE_REPLY) !== 0) === (direction === 'reply');
  };
  if (asksForMore(conntrack)) return [residual(conntrack, context.family)];
  return [values(DIM_CT, context.host, holds)];
}

function asksForMore(conntrack: Conntrack): boolean {
  const { statuses, proto, expire } = conntrack;
  const rest = [statuses, proto, expire, ...addressesOf(conntrack), ...portsOf(conntrack)];
  return rest.some((part) => part !== null);
}

function addressesOf({ origSrc, origDst, replSrc, replDst }: Conntrack) {
  return [origSrc, origDst, replSrc, replDst];
}

function portsOf(conntrack: Conntrack) {
  const { origSrcPorts, origDstPorts, replSrcPorts, replDstPorts } = conntrack;
  return [origSrcPorts, origDstPorts, replSrcPorts, replDstPorts];
}

const ANY_ADDRESS: AddressMatch = { address: 0n, mask: 0n, prefixLen: 0, invert: false };

/** MATCH_CONNTRACK: the layout is in assembly/abi-rules.ts. */
function residual(conntrack: Conntrack, family: Family): LoweredMatch {
  const { states, statuses, proto, expire, direction } = conntrack;
  let which = 0;
  let inverted = 0;
  const ask = (bit: number, part: { readonly invert?: boolean } | null) => {
    if (part === null) return;
    which |= bit;
    if (part.invert) inverted |= bit;
  };
  ask(CONNTRACK_STATE, states);
  ask(CONNTRACK_STATUS, statuses);
  ask(CONNTRACK_PROTO, proto);
  ask(CONNTRACK_EXPIRES, expire);
  if (direction !== null) which |= CONNTRACK_DIRECTION;
  addressesOf(conntrack).forEach((part, i) => {
    ask(CONNTRACK_ORIG_SRC << i, part);
  });
  portsOf(conntrack).forEach((part, i) => {
    ask(CONNTRACK_ORIG_SPORT << i, part);
  });
  let stateBits = 0n;
  for (let value = 0; value < CT_VALUES; value++) {
    if (states === null || stateHolds(states, value)) stateBits |= 1n << BigInt(value);
  }
  const status = (statuses?.values ?? []).reduce((bits, name) => bits | STATUS_BITS[name], 0);
  const out = new ByteWriter().u32(which, inverted).u64(stateBits);
  out.u32(status, proto?.number ?? 0, direction === 'reply' ? 1 : 0, 0);
  for (const part of addressesOf(conntrack)) out.raw(maskPayload(part ?? ANY_ADDRESS, family));
  for (const part of portsOf(conntrack)) out.u16(part?.min ?? 0, part?.max ?? 0);
  out.u32(expire?.min ?? 0, expire?.max ?? 0);
  return match(MATCH_CONNTRACK, out.toUint8Array());
}
