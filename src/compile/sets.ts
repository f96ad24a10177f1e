/** SECTION_SET: the host's ipsets. Layout in assembly/abi-rules.ts. */
import {
  SET_BITMAP,
  SET_DIM_ADDRESS,
  SET_DIM_IFACE,
  SET_DIM_MAC,
  SET_DIM_MARK,
  SET_DIM_PORT,
  SET_ENTRY_ANY_MAC,
  SET_ENTRY_NOMATCH,
  SET_FIRST_NET,
  SET_FORCEADD,
  SET_HAS_BUCKETS,
  SET_HAS_COUNTERS,
  SET_HAS_SKBINFO,
  SET_HAS_TIMEOUT,
  SET_HASH,
  SET_LEARNS_MAC,
  SET_LIST,
  SET_NET_IFACE,
  SET_NO_SUCH_IFACE,
  SET_NO_ZERO,
  SET_PLAIN_PORTS,
  SET_SECOND_NET,
  SET_SIZE,
} from '../../assembly/abi-rules.ts';
import type { Host } from '../host/host.ts';
import { addressBits, prefixMask } from '../ruleset/address.ts';
import type { Ipset, IpsetEntry, SetDimension, SetValue } from '../ruleset/ipset.ts';
import type { Address, AddressRange, Family } from '../ruleset/values.ts';
import { ByteWriter } from './lower/byte-writer.ts';
import { addressKey, topAddress } from './lower/condition.ts';
import { isNamed } from './lower/header.ts';

const DIMS: Readonly<Record<SetDimension, number>> = {
  ip: SET_DIM_ADDRESS,
  net: SET_DIM_ADDRESS,
  port: SET_DIM_PORT,
  mac: SET_DIM_MAC,
  iface: SET_DIM_IFACE,
  mark: SET_DIM_MARK,
  set: 0,
};
const MAX_DIMS = 6;
const MAX_U32 = 0xffffffff;
const DEFAULT_MAX_ELEMENTS = 65536;

/** The parts of a key, one alternative of an entry that may stand for several. */
interface Key {
  addresses: { readonly address: Address; readonly prefixLen: number }[];
  port: number;
  proto: number;
  iface: number;
  mac: number | null;
  mark: number;
}

/**
 * Addresses with prefix lengths that make up a range; single ones where the set has no prefixes.
 */
function pieces(
  { min, max }: AddressRange,
  family: Family,
  isNet: boolean,
): { address: Address; prefixLen: number }[] {
  const bits = addressBits(family);
  const out: { address: Address; prefixLen: number }[] = [];
  for (let at = min; at <= max; ) {
    let prefixLen = bits;
    while (isNet && prefixLen > 0) {
      const host = topAddress(family) ^ prefixMask(prefixLen - 1, family);
      if ((at & host) !== 0n || (at | host) > max) break;
      prefixLen--;
    }
    out.push({ address: at, prefixLen });
    at += 1n << BigInt(bits - prefixLen);
  }
  return out;
}

/** What one dimension of an entry stands for, as changes to a key. */
function alternatives(
  value: SetValue,
  dimension: SetDimension,
  set: Ipset,
  host: Host,
): ((key: Key) => Key)[] {
  switch (value.kind) {
    case 'address': {
      const isNet = dimension === 'net';
      return pieces(value, set.family, isNet).map(({ address, prefixLen }) => (key) => ({
        ...key,
        addresses: [
          ...key.addresses,
          {
            address: address & (set.addressMask ?? topAddress(set.family)),
            prefixLen: isNet ? prefixLen : 0,
          },
        ],
      }));
    }
    case 'port': {
      const out: ((key: Key) => Key)[] = [];
      for (let port = value.min; port <= value.max; port++) {
        out.push((key) => ({ ...key, port, proto: value.proto ?? 0 }));
      }
      return out;
    }
    case 'mac':
      return [(key) => ({ ...key, mac: value.mac })];
    case 'iface': {
      // --match-set never asks for bridge ports (hash_netiface4_kadt without IPSET_FLAG_PHYSDEV).
      if (value.physdev) return [];
      const found = host.interfaces.filter(({ name }) => isNamed(value, name)).map(({ id }) => id);
      // The entry counts even so: its network hides shorter prefixes.
      const ids = found.length === 0 ? [SET_NO_SUCH_IFACE] : found;
      return ids.map((iface) => (key) => ({ ...key, iface }));
    }
    case 'mark':
      return [(key) => ({ ...key, mark: value.mark })];
    case 'set':
      return [];
  }
}

function keysOf(entry: IpsetEntry, set: Ipset, host: Host): Key[] {
  const empty: Key = { addresses: [], port: 0, proto: 0, iface: 0, mac: null, mark: 0 };
  return entry.values.reduce<Key[]>(
    (keys, value, i) => {
      const changes = alternatives(value, set.dimensions[i] ?? 'ip', set, host);
      return keys.flatMap((key) => changes.map((change) => change(key)));
    },
    [empty],
  );
}

/** bitmap:ip,mac keeps the MAC beside the key, since an entry may have none yet. */
function learnsMac(set: Ipset): boolean {
  return set.method === 'bitmap' && set.dimensions.includes('mac');
}

function writeEntry(out: ByteWriter, entry: IpsetEntry, key: Key, set: Ipset): void {
  const [first, second] = key.addresses;
  const mac = BigInt(key.mac ?? 0);
  const learns = learnsMac(set);
  out.u64(...addressKey(first?.address ?? 0n, set.family));
  out.u64(...addressKey(second?.address ?? 0n, set.family));
  out
    .u16(key.port)
    .u8(key.proto)
    .u8(first?.prefixLen ?? 0);
  out
    .u8(second?.prefixLen ?? 0)
    .u8(0)
    .u16(key.iface);
  out.u64(learns ? 0n : mac).u32(key.mark, 0);
  const flags =
    (entry.nomatch ? SET_ENTRY_NOMATCH : 0) | (learns && key.mac === null ? SET_ENTRY_ANY_MAC : 0);
  writeExtensions(out, entry, set, flags);
  out.u64(learns ? mac : 0n);
}

function writeMember(out: ByteWriter, entry: IpsetEntry, index: number, list: Ipset): void {
  out.u64(BigInt(index), 0n, 0n, 0n, 0n, 0n, 0n);
  writeExtensions(out, entry, list, 0);
  out.u64(0n);
}

function writeExtensions(out: ByteWriter, entry: IpsetEntry, set: Ipset, flags: number): void {
  out.u32(flags, entry.timeout ?? set.timeout ?? 0);
  out.u32(entry.skbMark?.value ?? 0, entry.skbMark?.mask ?? 0, entry.skbPriority ?? 0, 0);
  out.u64(entry.packets, entry.bytes);
}

/**
 * Whether the kernel's buckets can be told from what was saved; the core knows those of hash:ip.
 */
export function hasBuckets({ type, family, initval, hashSize, bucketSize }: Ipset): boolean {
  return type === 'hash:ip' && family === 4 && ![initval, hashSize, bucketSize].includes(null);
}

function setFlags(set: Ipset): number {
  const addresses = set.dimensions.filter((dim) => dim === 'ip' || dim === 'net');
  return (
    (set.timeout === null ? 0 : SET_HAS_TIMEOUT) |
    (set.method === 'bitmap' && set.dimensions[0] === 'port' ? SET_PLAIN_PORTS : 0) |
    (set.forceadd ? SET_FORCEADD : 0) |
    (addresses[0] === 'net' ? SET_FIRST_NET : 0) |
    (addresses[1] === 'net' ? SET_SECOND_NET : 0) |
    (learnsMac(set) ? SET_LEARNS_MAC : 0) |
    (set.counters ? SET_HAS_COUNTERS : 0) |
    (set.skbinfo ? SET_HAS_SKBINFO : 0) |
    (set.type === 'hash:ip' ? SET_NO_ZERO : 0) |
    (set.method === 'bitmap' ? SET_BITMAP : 0) |
    (set.type === 'hash:net,iface' ? SET_NET_IFACE : 0) |
    (hasBuckets(set) ? SET_HAS_BUCKETS : 0)
  );
}

/** Sets without addresses take packets of both families. */
function familyOf(set: Ipset): number {
  const hasAddress = set.dimensions.some((dim) => dim === 'ip' || dim === 'net');
  return hasAddress ? set.family : 0;
}

/** Addresses or ports that fit a bitmap. */
function rangeOf({ addressRange, portRange }: Ipset): readonly [first: number, last: number] {
  const { min, max } = addressRange ?? portRange ?? { min: 0, max: 0 };
  return [Number(min), Number(max)];
}

/** All sets of the host, in its order: their index is their number in the image. */
export function encodeSets(host: Host): { bytes: Uint8Array; count: number } {
  const { sets } = host;
  const heads = new ByteWriter();
  const body = new ByteWriter();
  const start = sets.length * SET_SIZE;
  const indexOf = (name: string) => sets.findIndex((set) => set.name === name);
  for (const set of sets) {
    const isList = set.method === 'list';
    const entries = set.entries.map((entry) => ({ entry, keys: keysOf(entry, set, host) }));
    const first = start + body.length;
    let count = 0;
    for (const { entry, keys } of entries) {
      const [member] = entry.values;
      if (isList && member?.kind === 'set') {
        const index = indexOf(member.name);
        if (index < 0) continue;
        writeMember(body, entry, index, set);
        count++;
      }
      for (const key of isList ? [] : keys) {
        writeEntry(body, entry, key, set);
        count++;
      }
    }
    heads.u8(isList ? SET_LIST : SET_HASH).u8(isList ? 0 : familyOf(set));
    heads
      .u8(isList ? 0 : set.dimensions.length)
      .u8(Math.ceil(Math.log2(set.hashSize ?? 1)))
      .u32(setFlags(set));
    for (let i = 0; i < MAX_DIMS; i++) heads.u8(DIMS[set.dimensions[i] ?? 'set']);
    heads
      .u16(set.bucketSize ?? 0)
      .u64(...addressKey(set.addressMask ?? topAddress(set.family), set.family));
    heads.u32(set.markMask ?? MAX_U32, set.timeout ?? 0, ...rangeOf(set));
    heads.u32(first, count, set.maxElements ?? DEFAULT_MAX_ELEMENTS, set.initval ?? 0);
  }
  const bytes = new Uint8Array(start + body.length);
  bytes.set(heads.toUint8Array());
  bytes.set(body.toUint8Array(), start);
  return { bytes, count: sets.length };
}
