import type { Host } from '../host/host.ts';
import { addressBits, addressBytes } from '../ruleset/address.ts';
import type { Rule } from '../ruleset/rule.ts';
import type { Ruleset } from '../ruleset/ruleset.ts';
import type { Address, AddressMask, Family } from '../ruleset/values.ts';
import { allocate } from './image.ts';
import type { Instance } from './instance.ts';

/** Addresses that NAT rules match or write; inclusive. */
export interface NatRange {
  readonly family: Family;
  readonly min: Address;
  readonly max: Address;
}

const ADDRESS_BYTES = 16;

/**
 * What the nat tables name, so that a connection's packets meet one worker on both sides of NAT.
 */
export function natRanges(host: Host): NatRange[] {
  return [host.rulesets.v4, host.rulesets.v6].flatMap((ruleset) =>
    ruleset === null ? [] : rangesOf(ruleset),
  );
}

/** One range for each address that ranges begin with: many rules name the same container. */
function rangesOf({ tables, family }: Ruleset): NatRange[] {
  const ends = new Map<Address, Address>();
  for (const { name, chains } of tables) {
    if (name !== 'nat') continue;
    for (const rule of chains.flatMap(({ rules }) => rules)) {
      for (const { min, max } of targetRanges(rule, family)) {
        if (max > (ends.get(min) ?? -1n)) ends.set(min, max);
      }
    }
  }
  return [...ends].map(([min, max]) => ({ family, min, max }));
}

function targetRanges({ target, src, dst }: Rule, family: Family): NatRange[] {
  switch (target?.kind) {
    case 'DNAT':
    case 'SNAT': {
      const { min, max } = target.range;
      const to = min === null || max === null ? [] : [{ family, min, max }];
      return [...to, ...maskRange(target.kind === 'DNAT' ? dst : src, family)];
    }
    case 'NETMAP':
      return [target.to, src, dst].flatMap((mask) => maskRange(mask, family));
    case 'MASQUERADE':
      return maskRange(src, family);
    case 'REDIRECT':
      return maskRange(dst, family);
    default:
      return [];
  }
}

/** A match on everything says nothing, and would leave all packets to one worker. */
function maskRange(match: AddressMask | null, family: Family): NatRange[] {
  if (match === null || match.prefixLen === null || match.prefixLen === 0) return [];
  const host = (1n << BigInt(addressBits(family) - match.prefixLen)) - 1n;
  return [{ family, min: match.address, max: match.address | host }];
}

/** Tells the capture state of the ranges; before any worker attaches. */
export function addNatRanges({ core, heap }: Instance, capture: number, host: Host): void {
  const at = allocate(core.alloc(2 * ADDRESS_BYTES));
  const bytes = heap.bytes(at, 2 * ADDRESS_BYTES); // shared memory does not move when it grows
  for (const { family, min, max } of natRanges(host)) {
    bytes.fill(0);
    bytes.set(addressBytes(min, family));
    bytes.set(addressBytes(max, family), ADDRESS_BYTES);
    allocate(core.addCaptureNatRange(capture, family, at, at + ADDRESS_BYTES));
  }
}
