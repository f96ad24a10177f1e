/**
 * Access lists as ClassBench's have them: source and destination prefixes of mixed lengths out of
 * nested pools, ports as wildcards, well-known ones and ranges, the specific before the general.
 */
import { GRE, TCP, UDP } from './protocols.ts';
import { Random } from './random.ts';

export interface AccessRule {
  readonly src: number;
  readonly srcLen: number;
  readonly dst: number;
  readonly dstLen: number;
  readonly sport: Ports;
  readonly dport: Ports;
  /** 0: any. */
  readonly proto: number;
  readonly accept: boolean;
}

/** First and last, both included. */
export type Ports = readonly [low: number, high: number];

export const ANY_PORT: Ports = [0, 65535];

const WELL_KNOWN = [
  ...[80, 443, 22, 53, 25, 123, 110, 143, 993, 995, 3306, 5432, 6379, 8080, 8443, 389, 636],
  ...[445, 139, 1433, 1521, 2049, 3389, 5060, 5900, 8000, 9090, 9200, 27017, 11211],
];

type Lengths = readonly (readonly [prefixLen: number, weight: number])[];
const SRC_LENGTHS: Lengths = [
  ...([
    [0, 12],
    [8, 4],
    [10, 2],
    [12, 4],
    [14, 2],
    [16, 14],
    [18, 3],
    [20, 6],
    [22, 6],
  ] as const),
  ...([
    [23, 3],
    [24, 18],
    [26, 3],
    [27, 3],
    [28, 4],
    [29, 2],
    [30, 2],
    [32, 22],
  ] as const),
];
const DST_LENGTHS: Lengths = [
  ...([
    [0, 3],
    [8, 2],
    [12, 2],
    [16, 8],
    [20, 5],
    [21, 3],
    [22, 4],
    [23, 4],
    [24, 24],
  ] as const),
  ...([
    [26, 4],
    [27, 4],
    [28, 6],
    [29, 4],
    [30, 3],
    [32, 34],
  ] as const),
];
const SRC_ROOTS = [10, 172, 192, 203, 81, 62, 131, 17];
const DST_ROOTS = [10, 172, 192, 198];

/** The bits of an address that a prefix of this length has. */
export function maskOf(prefixLen: number): number {
  return prefixLen === 0 ? 0 : (-1 << (32 - prefixLen)) >>> 0;
}

/** Nested prefixes: a few /8, some /16 in them, many /24 in those, hosts in those. */
class AddressPool {
  readonly #random: Random;
  readonly #levels: readonly (readonly number[])[];

  constructor(random: Random, rules: number, roots: readonly number[]) {
    const below = (parents: readonly number[], count: number, shift: number, low: number) =>
      Array.from(
        { length: count },
        () => (random.choice(parents) | (random.between(low, 255 - low) << shift)) >>> 0,
      );
    const l8 = roots.map((root) => (root << 24) >>> 0);
    const l16 = below(l8, Math.max(4, Math.floor(rules / 100)), 16, 0);
    const l24 = below(l16, Math.max(8, Math.floor(rules / 8)), 8, 0);
    const hosts = below(l24, Math.max(16, Math.floor(rules / 2)), 0, 1);
    this.#random = random;
    this.#levels = [l8, l16, l24, hosts];
  }

  /** A network address of a prefix of this length. */
  network(prefixLen: number): number {
    if (prefixLen === 0) return 0;
    const level = this.#levels[Math.ceil(prefixLen / 8) - 1] ?? [];
    return (this.#random.choice(level) & maskOf(prefixLen)) >>> 0;
  }
}

function single(port: number): Ports {
  return [port, port];
}

function anyRange(random: Random): Ports {
  const low = random.between(1, 59_999);
  return [low, Math.min(65_535, low + random.between(1, 19_999))];
}

function sourcePorts(random: Random): Ports {
  const draw = random.real();
  if (draw < 0.86) return ANY_PORT;
  if (draw < 0.91) return single(random.choice(WELL_KNOWN));
  return draw < 0.96 ? [1024, 65_535] : anyRange(random);
}

function destinationPorts(random: Random): Ports {
  const draw = random.real();
  if (draw < 0.2) return ANY_PORT;
  if (draw < 0.48) return single(random.choice(WELL_KNOWN));
  if (draw < 0.66) return single(random.between(1, 65_535));
  if (draw < 0.76) return [1024, 65_535];
  if (draw >= 0.87) return anyRange(random);
  const low = random.between(1024, 64_999);
  return [low, low + random.choice([1, 2, 3, 7, 9, 15, 31, 99])];
}

/** `count` different rules; none takes everything. The same for the same count. */
export function accessRules(count: number): AccessRule[] {
  const random = new Random(count * 2 + 1);
  const sources = new AddressPool(random, count, SRC_ROOTS);
  const destinations = new AddressPool(random, count, DST_ROOTS);
  const seen = new Set<string>();
  const ordered: { key: number; rule: AccessRule }[] = [];
  while (ordered.length < count) {
    const srcLen = random.weighted(SRC_LENGTHS);
    const dstLen = random.weighted(DST_LENGTHS);
    const src = sources.network(srcLen);
    const dst = destinations.network(dstLen);
    const proto = random.weighted([
      [TCP, 68],
      [UDP, 24],
      [0, 8],
    ] as const);
    const sport = proto === 0 ? ANY_PORT : sourcePorts(random);
    const dport = proto === 0 ? ANY_PORT : destinationPorts(random);
    if (srcLen === 0 && dstLen === 0 && dport[0] === 0 && dport[1] === 65_535) continue;
    const text = [src, srcLen, dst, dstLen, ...sport, ...dport, proto].join();
    if (seen.has(text)) continue;
    seen.add(text);
    const accept = random.real() < 0.7;
    // administrators put the specific before the general, roughly
    const key = -(srcLen + dstLen) - (proto === 0 ? 0 : 6) + random.gauss(7);
    ordered.push({ key, rule: { src, srcLen, dst, dstLen, sport, dport, proto, accept } });
  }
  return ordered.sort((a, b) => a.key - b.key).map(({ rule }) => rule);
}

/**
 * A rule that shares no header with any of accessRules(): only their wildcards have 100.64.0.0/10,
 * and those with wildcards for both addresses have a port, and with it a protocol.
 */
export const APART: AccessRule = {
  src: 0x64400000,
  srcLen: 10,
  dst: 0x64400000,
  dstLen: 10,
  sport: ANY_PORT,
  dport: ANY_PORT,
  proto: GRE,
  accept: true,
};

/** Number (from 1) of the first rule that a header matches, asked one after the other; 0: none. */
export function firstMatch(rules: readonly AccessRule[], header: Uint32Array): number {
  const [src = 0, dst = 0, ports = 0, proto = 0] = header;
  const isIn = (address: number, network: number, prefixLen: number) =>
    (address & maskOf(prefixLen)) >>> 0 === network;
  const isWithin = (port: number, [low, high]: Ports) => port >= low && port <= high;
  const index = rules.findIndex(
    (rule) =>
      isIn(src, rule.src, rule.srcLen) &&
      isIn(dst, rule.dst, rule.dstLen) &&
      (rule.proto === 0 || rule.proto === proto) &&
      isWithin(ports & 0xffff, rule.sport) &&
      isWithin(ports >>> 16, rule.dport),
  );
  return index + 1;
}
