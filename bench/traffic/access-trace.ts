/** Headers to ask an access list about. No header comes twice, so nothing can be remembered. */
import { type AccessRule, maskOf } from './access-rules.ts';
import { TCP, UDP } from './protocols.ts';
import { Random } from './random.ts';

/**
 * Headers as the benchmarks' core reads them, four words each:
 *
 *     source │ destination │ source port, destination port << 16 │ protocol
 */
export type Headers = Uint32Array;
export const HEADER_WORDS = 4;

/** First bytes of addresses that are forwarded. */
const UNICAST = Array.from({ length: 223 }, (_, i) => i + 1).filter((byte) => byte !== 127);

/**
 * `count` different headers, each inside some rule, which is often not the first that it matches.
 * With `strays` every 20th is anything at all.
 */
export function accessTrace(rules: readonly AccessRule[], count: number, strays: boolean): Headers {
  const random = new Random(rules.length * 2 + 3);
  const order = [...rules];
  random.shuffle(order);
  const headers = new Uint32Array(count * HEADER_WORDS);
  const seen = new Set<string>();
  for (let tries = 0; seen.size < count; tries++) {
    if (tries > 50 * count) throw new Error('too few distinct headers in these rules');
    const inside = strays && random.real() < 0.05 ? undefined : order[tries % order.length];
    const header = inside === undefined ? anyHeader(random) : headerInside(inside, random);
    const text = header.join();
    if (seen.has(text)) continue;
    headers.set(header, seen.size * HEADER_WORDS);
    seen.add(text);
  }
  return headers;
}

type Header = readonly [src: number, dst: number, ports: number, proto: number];

function anyHeader(random: Random): Header {
  const ports = (random.between(1, 65_535) | (random.between(1, 65_535) << 16)) >>> 0;
  return [address(random, 0, 0), address(random, 0, 0), ports, random.choice([TCP, UDP])];
}

function headerInside(rule: AccessRule, random: Random): Header {
  const port = ([low, high]: readonly [number, number]) => random.between(Math.max(1, low), high);
  const hasPorts = rule.proto === 0 || rule.proto === TCP || rule.proto === UDP;
  const ports = hasPorts ? (port(rule.sport) | (port(rule.dport) << 16)) >>> 0 : 0;
  const src = address(random, rule.src, rule.srcLen);
  const dst = address(random, rule.dst, rule.dstLen);
  return [src, dst, ports, rule.proto === 0 ? random.choice([TCP, UDP]) : rule.proto];
}

function address(random: Random, network: number, prefixLen: number): number {
  const host = random.word() & ~maskOf(prefixLen);
  if (prefixLen > 0) return (network | host) >>> 0;
  return ((random.choice(UNICAST) << 24) | (host & 0xffffff)) >>> 0;
}

/** ClassBench: what DPDK's dpdk-test-acl reads. */
export function traceText(headers: Headers): string {
  const lines: string[] = [];
  for (let at = 0; at < headers.length; at += HEADER_WORDS) {
    const [src = 0, dst = 0, ports = 0, proto = 0] = headers.subarray(at, at + HEADER_WORDS);
    lines.push(`${src} ${dst} ${ports & 0xffff} ${ports >>> 16} ${proto}\n`);
  }
  return lines.join('');
}
