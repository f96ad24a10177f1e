import { type Argument, type Extension, VALUE_OR_NOT } from '../extension.ts';
import { Fault } from '../fault.ts';
import { part, u8 } from '../readers.ts';
import type { Family, Invertible, NumberRange } from '../values.ts';

/** -m icmp and -m icmp6 */
export interface IcmpMatch extends Invertible {
  readonly kind: 'icmp' | 'icmp6';
  /** null: any. */
  readonly type: number | null;
  readonly codes: NumberRange;
}

/** Name, type, code; without a code, all of them. */
type IcmpName = readonly [name: string, type: number, code?: number];

const ICMP_NAMES: readonly IcmpName[] = [
  ['any', 255],
  ['echo-reply', 0],
  ['pong', 0],
  ['destination-unreachable', 3],
  ['network-unreachable', 3, 0],
  ['host-unreachable', 3, 1],
  ['protocol-unreachable', 3, 2],
  ['port-unreachable', 3, 3],
  ['fragmentation-needed', 3, 4],
  ['source-route-failed', 3, 5],
  ['network-unknown', 3, 6],
  ['host-unknown', 3, 7],
  ['network-prohibited', 3, 9],
  ['host-prohibited', 3, 10],
  ['TOS-network-unreachable', 3, 11],
  ['TOS-host-unreachable', 3, 12],
  ['communication-prohibited', 3, 13],
  ['host-precedence-violation', 3, 14],
  ['precedence-cutoff', 3, 15],
  ['source-quench', 4],
  ['redirect', 5],
  ['network-redirect', 5, 0],
  ['host-redirect', 5, 1],
  ['TOS-network-redirect', 5, 2],
  ['TOS-host-redirect', 5, 3],
  ['echo-request', 8],
  ['ping', 8],
  ['router-advertisement', 9],
  ['router-solicitation', 10],
  ['time-exceeded', 11],
  ['ttl-exceeded', 11],
  ['ttl-zero-during-transit', 11, 0],
  ['ttl-zero-during-reassembly', 11, 1],
  ['parameter-problem', 12],
  ['ip-header-bad', 12, 0],
  ['required-option-missing', 12, 1],
  ['timestamp-request', 13],
  ['timestamp-reply', 14],
  ['address-mask-request', 17],
  ['address-mask-reply', 18],
];

const ICMPV6_NAMES: readonly IcmpName[] = [
  ['destination-unreachable', 1],
  ['no-route', 1, 0],
  ['communication-prohibited', 1, 1],
  ['beyond-scope', 1, 2],
  ['address-unreachable', 1, 3],
  ['port-unreachable', 1, 4],
  ['failed-policy', 1, 5],
  ['reject-route', 1, 6],
  ['packet-too-big', 2],
  ['time-exceeded', 3],
  ['ttl-exceeded', 3],
  ['ttl-zero-during-transit', 3, 0],
  ['ttl-zero-during-reassembly', 3, 1],
  ['parameter-problem', 4],
  ['bad-header', 4, 0],
  ['unknown-header-type', 4, 1],
  ['unknown-option', 4, 2],
  ['echo-request', 128],
  ['ping', 128],
  ['echo-reply', 129],
  ['pong', 129],
  ['mld-listener-query', 130],
  ['mld-listener-report', 131],
  ['mld-listener-done', 132],
  ['mld-listener-reduction', 132],
  ['router-solicitation', 133],
  ['router-advertisement', 134],
  ['neighbour-solicitation', 135],
  ['neighbor-solicitation', 135],
  ['neighbour-advertisement', 136],
  ['neighbor-advertisement', 136],
  ['redirect', 137],
];

const ALL_CODES: NumberRange = { min: 0, max: 255 };
/** ICMP's "any" in the kernel's structures (icmp_type_code_match). ICMPv6 has no such value. */
const ANY_TYPE = 255;

/** `type`, `type/code`, `type/code:code`, a name or an unambiguous beginning of one. */
function typeAndCodes(
  arg: Argument,
  names: readonly IcmpName[],
): Pick<IcmpMatch, 'type' | 'codes'> {
  const start = arg.text.toLowerCase();
  const found = names.filter(([name]) => name.toLowerCase().startsWith(start));
  const exact = found.find(([name]) => name.toLowerCase() === start) ?? found[0];
  if (exact === undefined) return numericTypeAndCodes(arg);
  // As iptables: a name that is also the beginning of another one is ambiguous.
  if (found.length > 1) {
    const candidates = found.map(([name]) => name).join(', ');
    throw new Fault(`"${arg.text}" may be ${candidates}`, arg.column);
  }
  const [, type, code] = exact;
  const codes = code === undefined ? ALL_CODES : { min: code, max: code };
  return { type: names === ICMP_NAMES && type === ANY_TYPE ? null : type, codes };
}

function numericTypeAndCodes(arg: Argument): Pick<IcmpMatch, 'type' | 'codes'> {
  const slash = arg.text.indexOf('/');
  const type = u8(slash < 0 ? arg : part(arg, 0, slash));
  if (slash < 0) return { type, codes: ALL_CODES };
  const colon = arg.text.indexOf(':', slash);
  const min = u8(part(arg, slash + 1, colon < 0 ? undefined : colon));
  return { type, codes: { min, max: colon < 0 ? min : u8(part(arg, colon + 1)) } };
}

/** Type and code (0 where the name has none) of a name's exact spelling, as ipset has them. */
export function icmpNumbers(name: string, family: Family): readonly [number, number] | undefined {
  const names = family === 4 ? ICMP_NAMES : ICMPV6_NAMES;
  const found = names.find(([known]) => known.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : [found[1], found[2] ?? 0];
}

export const icmpExtension: Extension<IcmpMatch> = {
  name: 'icmp',
  family: 4,
  protocols: [1],
  options: { 'icmp-type': VALUE_OR_NOT },
  read: (options) => ({
    kind: 'icmp',
    ...options.required('icmp-type', (arg) => typeAndCodes(arg, ICMP_NAMES)),
    invert: options.need('icmp-type').invert,
  }),
};

export const icmp6Extension: Extension<IcmpMatch> = {
  name: 'icmp6',
  aliases: ['icmpv6', 'ipv6-icmp'],
  family: 6,
  protocols: [58],
  options: { 'icmpv6-type': VALUE_OR_NOT },
  read: (options) => ({
    kind: 'icmp6',
    ...options.required('icmpv6-type', (arg) => typeAndCodes(arg, ICMPV6_NAMES)),
    invert: options.need('icmpv6-type').invert,
  }),
};
