/** Reads the element of an `add` line, dimension by dimension. */
import { addressBits, parseAddress, parseAddressMask, prefixMask } from './address.ts';
import type { Argument } from './extension.ts';
import { Fault } from './fault.ts';
import type { Ipset, SetDimension, SetValue } from './ipset.ts';
import { icmpNumbers } from './match/icmp.ts';
import { mac, part, port, protocol, split, u16, u32 } from './readers.ts';
import type { AddressRange, Family, NumberRange } from './values.ts';

type AddressValue = Extract<SetValue, { kind: 'address' }>;
type PortValue = Extract<SetValue, { kind: 'port' }>;

const TCP = 6;
/** Of a set that is created without maxelem. */
const DEFAULT_MAX_ELEMENTS = 65536;
/** Elements of one line, whatever maxelem allows: a million is a mistake, and takes memory. */
const MOST_ELEMENTS = 1 << 20;

/** Protocols whose ports can be ranges; of the others only port 0, except ICMP's types. */
const WITH_PORTS = [6, 17, 132, 136];
const ICMP = { 4: 1, 6: 58 } as const;

/** `address`, `address/prefixLen`, `first-last`. */
export function readAddresses(arg: Argument, family: Family): AddressValue {
  const bits = addressBits(family);
  const single = parseAddressMask(arg.text, family);
  if (single !== null && single.prefixLen !== null) {
    const { address, mask, prefixLen } = single;
    const max = address | (prefixMask(bits, family) ^ mask);
    return { kind: 'address', min: address, max, prefixLen };
  }
  const [low, high, more] = split(arg, '-').map(({ text }) => parseAddress(text, family));
  if (
    low === null ||
    low === undefined ||
    high === null ||
    high === undefined ||
    more !== undefined
  ) {
    const what = `an IPv${family} address, network or range`;
    throw new Fault(`expected ${what}, found "${arg.text}"`, arg.column);
  }
  if (low > high) throw new Fault('expected a range that ends above its start', arg.column);
  return { kind: 'address', min: low, max: high, prefixLen: null };
}

/** `port`, `first-last`, by number or service name. */
export function readPorts(arg: Argument): NumberRange {
  const dash = /^(\d+)-(\d+)$/.exec(arg.text);
  if (dash === null) {
    const only = port(arg);
    return { min: only, max: only };
  }
  const low = (dash[1] ?? '').length;
  const range = { min: u16(part(arg, 0, low)), max: u16(part(arg, low + 1)) };
  if (range.min > range.max) {
    throw new Fault('expected a range that ends above its start', arg.column);
  }
  return range;
}

/** `[proto:]port`, `icmp:type/code`, `icmp:name`; without a protocol it is TCP. */
function readProtoPorts(arg: Argument, family: Family): PortValue {
  const colon = arg.text.indexOf(':');
  if (colon < 0) return { kind: 'port', proto: TCP, ...readPorts(arg) };
  const proto = protocol(part(arg, 0, colon));
  const rest = part(arg, colon + 1);
  if (proto === ICMP[family]) return { kind: 'port', proto, ...readIcmp(rest, family) };
  const ports = readPorts(rest);
  if (!WITH_PORTS.includes(proto) && ports.max !== 0) {
    throw new Fault('expected port 0: this protocol has no ports', rest.column);
  }
  return { kind: 'port', proto, ...ports };
}

function readIcmp(arg: Argument, family: Family): NumberRange {
  const numbers = /^(\d+)\/(\d+)$/.exec(arg.text);
  const [type, code] = numbers?.slice(1).map(Number) ?? icmpNumbers(arg.text, family) ?? [];
  if (type === undefined || code === undefined || type > 255 || code > 255) {
    throw new Fault(`expected an ICMP type and code, found "${arg.text}"`, arg.column);
  }
  return { min: type * 256 + code, max: type * 256 + code };
}

/** `name` or `physdev:name`; whether it is a prefix is an option of the entry. */
function readInterface(arg: Argument, wildcard: boolean): SetValue {
  const physdev = arg.text.startsWith('physdev:');
  const name = physdev ? arg.text.slice('physdev:'.length) : arg.text;
  if (name === '' || name.length > 15) {
    throw new Fault(`expected an interface, found "${arg.text}"`, arg.column);
  }
  return { kind: 'iface', name, wildcard, physdev };
}

function readDimension(
  dimension: SetDimension,
  arg: Argument,
  set: Pick<Ipset, 'family' | 'method'>,
  wildcard: boolean,
): SetValue {
  switch (dimension) {
    case 'ip':
    case 'net':
      return readAddresses(arg, set.family);
    case 'port':
      return set.method === 'bitmap'
        ? { kind: 'port', proto: null, ...readPorts(arg) }
        : readProtoPorts(arg, set.family);
    case 'mac':
      return { kind: 'mac', mac: mac(arg) };
    case 'iface':
      return readInterface(arg, wildcard);
    case 'mark':
      return { kind: 'mark', mark: u32(arg) };
    case 'set':
      return { kind: 'set', name: arg.text };
  }
}

/** What of a set tells which elements it can have. */
type IpsetShape =
  | 'dimensions'
  | 'family'
  | 'method'
  | 'type'
  | 'addressRange'
  | 'portRange'
  | 'maxElements';

/** Values of the element; throws a Fault where they do not fit the set's type. */
export function readElement(
  arg: Argument,
  set: Pick<Ipset, IpsetShape>,
  wildcard: boolean,
): SetValue[] {
  const pieces = split(arg, ',');
  // bitmap:ip,mac takes an address whose MAC is learned later.
  const macToCome = set.type === 'bitmap:ip,mac' && pieces.length === 1;
  if (pieces.length !== set.dimensions.length && !macToCome) {
    const count = `${set.dimensions.length} values for ${set.type}`;
    throw new Fault(`expected ${count}, found ${pieces.length}`, arg.column);
  }
  const values = pieces.map((piece, i) =>
    readDimension(set.dimensions[i] ?? 'ip', piece, set, wildcard),
  );
  if (macToCome) values.push({ kind: 'mac', mac: null });
  for (const value of values) checkRange(value, set, arg);
  checkCount(values, set, arg);
  return values;
}

function within<T extends number | bigint>(
  inner: { readonly min: T; readonly max: T },
  outer: { readonly min: T; readonly max: T } | null,
): boolean {
  return outer === null || (inner.min >= outer.min && inner.max <= outer.max);
}

/** A range stands for its addresses or ports one by one, and a full set takes no more. */
function checkCount(
  values: readonly SetValue[],
  set: Pick<Ipset, 'dimensions' | 'maxElements'>,
  arg: Argument,
): void {
  const most = Math.min(set.maxElements ?? DEFAULT_MAX_ELEMENTS, MOST_ELEMENTS);
  const count = values.reduce((product, value, i) => {
    const isRange =
      value.kind === 'port' || (value.kind === 'address' && set.dimensions[i] === 'ip');
    return isRange ? product * (Number(value.max) - Number(value.min) + 1) : product;
  }, 1);
  if (count > most) {
    throw new Fault(
      `"${arg.text}" is ${count} elements, more than the ${most} there can be`,
      arg.column,
    );
  }
}

function checkRange(
  value: SetValue,
  set: { readonly addressRange: AddressRange | null; readonly portRange: NumberRange | null },
  arg: Argument,
): void {
  const fits =
    (value.kind !== 'address' || within(value, set.addressRange)) &&
    (value.kind !== 'port' || within(value, set.portRange));
  if (!fits) throw new Fault(`"${arg.text}" is outside the set's range`, arg.column);
}
