/**
 * Random packets that a Linux 6.18 kernel translated between two veth pairs, with the rules below:
 * the core must translate every one alike. Where the kernel picks a port at random, any free port
 * of the same class is right, and later packets are renamed accordingly. One run per line of
 * kernel/nat.ndjson.gz; between runs the kernel's connections were flushed.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { PERSISTENT, PROTO_OFFSET, type Target, Tracker } from './harness.ts';
import { icmp, tcp, udp } from './wire.ts';

interface Row {
  readonly side: 'a' | 'b';
  readonly kind: 'p' | 'err';
  readonly src: string;
  readonly dst: string;
  readonly proto: number;
  /** Source port or echo id. */
  readonly a: number;
  /** Destination port. */
  readonly b: number;
  readonly flags?: number;
  readonly seq?: number;
  readonly ack?: number;
  readonly inner?: readonly [string, string, number, number, number];
  /** Side, source, destination, protocol, source port or id, destination port; null: dropped. */
  readonly out: null | readonly ['a' | 'b', string, string, number, number, number];
  readonly state?: string;
}

const file = new URL('./kernel/nat.ndjson.gz', import.meta.url);
const runs = gunzipSync(readFileSync(file))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as readonly Row[]);

const DNAT = 1;
const SNAT = 2;
const NETMAP = 5;
const ROUTER = '192.0.2.1';

/** nat PREROUTING -i a0 */
function dnat(row: Row): Target | undefined {
  if (row.side !== 'a') return undefined;
  switch (row.dst) {
    case '10.9.0.1':
      return { kind: DNAT, min: '192.0.2.5' };
    case '10.9.0.2':
      if (row.proto === 17) return { kind: DNAT, min: '192.0.2.5', minPort: 8000, maxPort: 8005 };
      return row.proto === 6 ? { kind: DNAT, min: '192.0.2.9', minPort: 80 } : undefined;
    case '10.9.0.3':
      return { kind: DNAT, min: '192.0.2.10', max: '192.0.2.20' };
    case '10.9.0.4':
      return { kind: DNAT, min: '192.0.2.10', max: '192.0.2.20', flags: PERSISTENT };
    case '10.9.0.5': {
      if (row.proto !== 17) return undefined;
      const ports = { minPort: 5000, maxPort: 5100, basePort: 2000, flags: PROTO_OFFSET };
      return { kind: DNAT, min: '192.0.2.6', ...ports };
    }
  }
  const isMapped = row.dst.startsWith('10.9.1.') && Number(row.dst.split('.')[3]) < 32;
  return isMapped ? { kind: NETMAP, min: '192.0.2.0', max: '192.0.2.31' } : undefined;
}

/** nat POSTROUTING -o b0; null where there is no route. */
function snat(row: Row, tuple: string): Target | undefined | null {
  const [source = '', destination = ''] = tuple.split('>').map((end) => end.split(':')[0] ?? '');
  if (destination.startsWith('10.0.0.')) return undefined;
  if (!destination.startsWith('192.0.2.')) return null;
  const masquerade = { kind: SNAT, min: ROUTER }; // what MASQUERADE comes to on b0
  const last = Number(destination.split('.')[3]);
  const range = { kind: SNAT, min: '192.0.2.100', max: '192.0.2.110' };
  const ports = { minPort: 2000, maxPort: 2003 };
  if (last === 5) return masquerade;
  if (last === 6) return range;
  if (last === 7 && row.proto === 17) return { kind: SNAT, min: '192.0.2.100', ...ports };
  if (last === 7 && row.proto === 6) return { kind: SNAT, min: '192.0.2.101', ...ports };
  if (last === 8) return { ...range, flags: PERSISTENT };
  if (last === 9 && (source === '10.0.0.4' || source === '10.0.0.5')) return masquerade;
  if (last >= 16 && last < 20) return { kind: SNAT, min: '10.0.0.2', max: '10.0.0.3' };
  return undefined;
}

function portClass(port: number): number {
  return port < 512 ? 0 : port < 1024 ? 1 : 2;
}

/** The kernel's name of a translated source, as its server sees it. */
function nameOf(
  proto: number,
  server: string,
  dport: number,
  source: string,
  port: number,
): string {
  return `${proto} ${server}:${proto === 1 ? 0 : dport} ${source}:${port}`;
}

/** The packet of a row; `ours` gives our port for a name of the kernel's. */
function build(row: Row, ours: (name: string, port: number) => number): Uint8Array {
  if (row.inner !== undefined) {
    const [src, dst, proto, kernelPort, dport] = row.inner;
    const port = ours(nameOf(proto, dst, dport, src, kernelPort), kernelPort);
    const quoted =
      proto === 17
        ? udp(src, dst, port, dport)
        : proto === 1
          ? icmp(src, dst, 8, 0, port)
          : tcp(src, dst, port, dport, { flags: 2, seq: 1 });
    return icmp(row.src, row.dst, 3, 1, 0, quoted);
  }
  const { src, dst, proto, a, b } = row;
  const reply = row.side === 'b';
  const name = nameOf(proto, src, a, dst, proto === 1 ? a : b);
  if (proto === 1) return icmp(src, dst, reply ? 0 : 8, 0, reply ? ours(name, a) : a);
  const to = reply ? ours(name, b) : b;
  if (proto === 17) return udp(src, dst, a, to);
  return tcp(src, dst, a, to, {
    flags: row.flags ?? 0,
    seq: row.seq ?? 0,
    ack: row.ack ?? 0,
    win: 1000,
  });
}

it(`translates as the kernel did in ${runs.length} runs`, async () => {
  const t = await Tracker.create();
  let at = 0;
  let renamed = 0;
  let translated = 0;
  runs.forEach((rows, run) => {
    at += 1000; // everything before is dead
    const names = new Map<string, number>();
    rows.forEach((row, i) => {
      const packet = build(row, (name, port) => names.get(name) ?? port);
      const dst = dnat(row);
      const got = t.send(packet, {
        at,
        ...(dst && { dnat: dst }),
        snat: (tuple) => snat(row, tuple),
      });
      const state = got.dir === '-' ? got.state : `${got.state}/${got.dir}`;
      const where = `run ${run}, packet ${i}: ${JSON.stringify(row)}`;
      if (row.out === null) {
        expect([where, got.verdict]).toEqual([where, 'drop']);
        return;
      }
      expect([where, got.verdict, state]).toEqual([where, 'accept', row.state]);
      const [, src, to, proto, sport, dport] = row.out;
      const [ourSrc = '', ourDst = ''] = got.tuple.split('>');
      const [srcHost, srcPort] = ourSrc.split(':');
      const [dstHost, dstPort] = ourDst.split(':');
      expect([where, srcHost, dstHost]).toEqual([where, src, to]);
      if (row.kind === 'err') return;
      if (proto !== 1) expect([where, Number(dstPort)]).toEqual([where, dport]);
      const ourPort = Number(srcPort);
      if (row.side === 'a' && (src !== row.src || sport !== row.a)) translated++;
      if (ourPort !== sport) {
        const same = proto === 1 || portClass(ourPort) === portClass(sport);
        expect([where, row.side, same]).toEqual([where, 'a', true]);
        names.set(nameOf(proto, to, dport, src, sport), ourPort);
        renamed++;
      }
    });
  });
  expect(translated).toBeGreaterThan(runs.length);
  expect(renamed).toBeGreaterThan(0);
});
