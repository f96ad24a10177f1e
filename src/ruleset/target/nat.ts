import { parseAddress } from '../address.ts';
import {
  type Argument,
  type Extension,
  FLAG,
  type Options,
  type RuleContext,
  VALUE,
} from '../extension.ts';
import { Fault } from '../fault.ts';
import { part, port, u16 } from '../readers.ts';
import type { Address, NumberRange } from '../values.ts';

/** What a NAT target may choose from; null fields stay as they are. */
export interface NatRange {
  readonly min: Address | null;
  /** Equal to `min` for one address. */
  readonly max: Address | null;
  /** Ports, or ICMP ids. */
  readonly ports: NumberRange | null;
  /** DNAT's `:min-max/base`: the port keeps its distance from `base`; null: not given. */
  readonly basePort: number | null;
  readonly random: boolean;
  readonly randomFully: boolean;
  readonly persistent: boolean;
}

/** -j DNAT and SNAT */
export interface NatTarget {
  readonly kind: 'DNAT' | 'SNAT';
  readonly range: NatRange;
}

/** -j MASQUERADE and REDIRECT: the addresses of `range` are null. */
export interface InterfaceNatTarget {
  readonly kind: 'MASQUERADE' | 'REDIRECT';
  readonly range: NatRange;
}

type Ports = Pick<NatRange, 'ports' | 'basePort'>;
type Place = Pick<NatRange, 'min' | 'max'> & Ports;

const NO_PORTS: Ports = { ports: null, basePort: null };
/** TCP, UDP, DCCP, SCTP and ICMP, whose id counts as a port. */
const PROTOCOLS_WITH_PORTS = [6, 17, 33, 132, 1];

function shiftedFrom(arg: Argument): number {
  const base = port(arg);
  if (base === 0) throw new Fault('expected a port above 0', arg.column);
  return base;
}

/** `port`, `min-max`, `min-max/base`. */
function ports(arg: Argument, context: RuleContext): Ports {
  if (context.proto === null || !PROTOCOLS_WITH_PORTS.includes(context.proto)) {
    throw new Fault('ports need -p tcp, udp, sctp, dccp or icmp', arg.column);
  }
  if (!arg.text.includes('-')) {
    const only = port(arg); // as nearly all are
    return { ports: { min: only, max: only }, basePort: null };
  }
  const parts = /^(.*?)(?:-(\d+|0x[0-9a-f]+)(?:\/(.+))?)?$/i.exec(arg.text);
  const [, low = '', high, base] = parts ?? [];
  const min = port(part(arg, 0, low.length));
  if (high === undefined) return { ports: { min, max: min }, basePort: null };
  const max = u16(part(arg, low.length + 1, low.length + 1 + high.length));
  if (max < min) throw new Fault('expected a range that ends above its start', arg.column);
  const basePort = base === undefined ? null : shiftedFrom(part(arg, low.length + high.length + 2));
  return { ports: { min, max }, basePort };
}

/** MASQUERADE and REDIRECT cannot shift ports. */
function unshiftedPorts(arg: Argument, context: RuleContext): Ports {
  const selected = ports(arg, context);
  if (selected.basePort !== null) throw new Fault('expected ports without "/"', arg.column);
  return selected;
}

function natAddress(arg: Argument, context: RuleContext): Address {
  const address = parseAddress(arg.text, context.family);
  if (address === null) {
    throw new Fault(`expected an IPv${context.family} address, found "${arg.text}"`, arg.column);
  }
  return address;
}

/** `[address[-address]][:ports]`, with brackets around IPv6 addresses that ports follow. */
function place(arg: Argument, context: RuleContext): Place {
  const close = arg.text.indexOf(']');
  const bracketed = arg.text.startsWith('[') && close > 0 && context.family === 6;
  // Outside brackets a single colon starts the ports; more of them are an IPv6 address.
  const colon = bracketed ? arg.text.indexOf(':', close) : arg.text.indexOf(':');
  const hasPorts = colon >= 0 && (bracketed || !arg.text.includes(':', colon + 1));
  const selected = hasPorts ? ports(part(arg, colon + 1), context) : NO_PORTS;
  const addresses = bracketed
    ? part(arg, 1, close)
    : part(arg, 0, hasPorts ? colon : arg.text.length);
  if (addresses.text === '' && hasPorts) return { min: null, max: null, ...selected };
  const dash = addresses.text.indexOf('-');
  const min = natAddress(dash < 0 ? addresses : part(addresses, 0, dash), context);
  const max = dash < 0 ? min : natAddress(part(addresses, dash + 1), context);
  return { min, max, ports: selected.ports, basePort: selected.basePort };
}

/** Field by field, which takes a quarter of the memory that spreading takes. */
function rangeOf({ min, max, ports, basePort }: Place, options: Options): NatRange {
  return {
    min,
    max,
    ports,
    basePort,
    random: options.has('random'),
    randomFully: options.has('random-fully'),
    persistent: options.has('persistent'),
  };
}

export const snatExtension: Extension<NatTarget> = {
  name: 'SNAT',
  tables: ['nat'],
  options: { 'to-source': VALUE, random: FLAG, 'random-fully': FLAG, persistent: FLAG },
  read: (options) => ({
    kind: 'SNAT',
    range: rangeOf(options.required('to-source', place), options),
  }),
};

export const dnatExtension: Extension<NatTarget> = {
  name: 'DNAT',
  tables: ['nat'],
  options: { 'to-destination': VALUE, random: FLAG, persistent: FLAG },
  read: (options) => ({
    kind: 'DNAT',
    range: rangeOf(options.required('to-destination', place), options),
  }),
};

function interfaceNat(
  kind: InterfaceNatTarget['kind'],
  extra: Extension<InterfaceNatTarget>['options'],
): Extension<InterfaceNatTarget> {
  return {
    name: kind,
    tables: ['nat'],
    options: { 'to-ports': VALUE, random: FLAG, ...extra },
    read: (options) => {
      const selected = options.value('to-ports', unshiftedPorts, NO_PORTS);
      return { kind, range: rangeOf({ min: null, max: null, ...selected }, options) };
    },
  };
}

export const masqueradeExtension = interfaceNat('MASQUERADE', { 'random-fully': FLAG });
export const redirectExtension = interfaceNat('REDIRECT', {});
