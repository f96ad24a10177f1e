import { beforeEach, describe, expect, it } from 'vitest';
import {
  MAP_IPS,
  type Options,
  PERSISTENT,
  PROTO_OFFSET,
  PROTO_RANDOM,
  type Target,
  Tracker,
} from './harness.ts';
import { IPS_DST_NAT, IPS_SRC_NAT } from './status.ts';
import { ACK, icmp, ip, type Segment, SYN, tcp, udp } from './wire.ts';

const DNAT = 1;
const SNAT = 2;
const MASQUERADE = 3;
const REDIRECT = 4;
const NETMAP = 5;

const BOX = '172.17.0.2';
const BOX2 = '172.17.0.3';
const HOST = '192.168.1.10';
const FAR = '8.8.8.8';
const MASQ: Options = { snat: { kind: MASQUERADE } };

let t: Tracker;

function send(packet: Uint8Array, options: Options = {}): string {
  const got = t.send(packet, options);
  return got.verdict === 'drop' ? 'drop' : got.tuple;
}

function to(target: Target): Options {
  return { dnat: target };
}

function syn(
  src: string,
  dst: string,
  sport: number,
  dport: number,
  more: Partial<Segment> = {},
): Uint8Array {
  return tcp(src, dst, sport, dport, { flags: SYN, seq: 100, ...more });
}

function portOf(tuple: string): number {
  return Number(tuple.slice(0, tuple.indexOf('>')).split(':').pop());
}

beforeEach(async () => {
  t = await Tracker.create();
});

describe('MASQUERADE', () => {
  it('takes the address of the way out, keeps the port, and undoes itself on answers', () => {
    expect(send(udp(BOX, FAR, 4000, 53), MASQ)).toBe(`${HOST}:4000>${FAR}:53`);
    expect(send(udp(FAR, HOST, 53, 4000))).toBe(`${FAR}:53>${BOX}:4000`);
    expect(send(udp(BOX, FAR, 4000, 53))).toBe(`${HOST}:4000>${FAR}:53`);
    expect(t.entries()).toMatchObject([
      { original: `${BOX}:4000>${FAR}:53`, reply: `${FAR}:53>${HOST}:4000` },
    ]);
    expect((t.entries()[0]?.status ?? 0) & (IPS_SRC_NAT | IPS_DST_NAT)).toBe(IPS_SRC_NAT);
  });

  it('gives a second source another port of the same class when the first has it', () => {
    for (const [port, low, high] of [
      [4000, 1024, 65535],
      [700, 600, 1023],
      [100, 1, 511],
    ] as const) {
      expect(portOf(send(udp(BOX, FAR, port, 53), MASQ))).toBe(port);
      const other = send(udp(BOX2, FAR, port, 53), MASQ);
      expect(portOf(other)).not.toBe(port);
      expect(portOf(other)).toBeGreaterThanOrEqual(low);
      expect(portOf(other)).toBeLessThanOrEqual(high);
      expect(send(udp(FAR, HOST, 53, portOf(other)))).toBe(`${FAR}:53>${BOX2}:${port}`);
    }
    expect(t.core.natChosen()).toBe(3);
  });

  it('keeps the port of a second source towards another destination', () => {
    expect(send(udp(BOX, FAR, 4000, 53), MASQ)).toBe(`${HOST}:4000>${FAR}:53`);
    expect(send(udp(BOX2, '9.9.9.9', 4000, 53), MASQ)).toBe(`${HOST}:4000>9.9.9.9:53`);
    expect(t.core.natChosen()).toBe(0);
  });

  it('keeps a mapping for the same source towards other destinations', () => {
    send(udp(BOX, FAR, 4000, 53), MASQ);
    const other = send(udp(BOX2, FAR, 4000, 53), MASQ);
    const again = send(udp(BOX2, '9.9.9.9', 4000, 53), MASQ);
    expect(portOf(again)).toBe(portOf(other));
  });

  it('does the same for echo ids', () => {
    expect(send(icmp(BOX, FAR, 8, 0, 321), MASQ)).toBe(`${HOST}:321>${FAR}:321`);
    const other = portOf(send(icmp(BOX2, FAR, 8, 0, 321), MASQ));
    expect(other).not.toBe(321);
    expect(send(icmp(FAR, HOST, 0, 0, other))).toBe(`${FAR}:321>${BOX2}:321`);
  });

  it('respects ports that local connections hold', () => {
    expect(send(udp(HOST, FAR, 4000, 53), { local: true })).toBe(`${HOST}:4000>${FAR}:53`);
    expect(portOf(send(udp(BOX, FAR, 4000, 53), MASQ))).not.toBe(4000);
  });

  it('makes way for nobody: a local connection moves when its port is taken', () => {
    send(udp(BOX, FAR, 4000, 53), MASQ);
    const got = t.send(udp(HOST, FAR, 4000, 53), { local: true });
    expect(got.tuple).not.toBe(`${HOST}:4000>${FAR}:53`);
    expect(got.status & IPS_SRC_NAT).toBe(IPS_SRC_NAT);
  });

  it('maps into --to-ports', () => {
    const options: Options = { snat: { kind: MASQUERADE, minPort: 5000, maxPort: 5001 } };
    const first = portOf(send(syn(BOX, FAR, 4000, 80), options));
    const second = portOf(send(syn(BOX2, FAR, 4000, 80), options));
    expect([first, second].sort()).toEqual([5000, 5001]);
    expect(send(syn('172.17.0.4', FAR, 4000, 80), options)).toBe('drop');
  });

  it('leaves a connection without a source address alone', () => {
    expect(send(udp('0.0.0.0', FAR, 68, 67), MASQ)).toBe(`0.0.0.0:68>${FAR}:67`);
  });

  it('works for IPv6', () => {
    expect(send(udp('fd00::2', '2001:db8:5::1', 4000, 53), MASQ)).toBe(
      '2001:db8::10:4000>2001:db8:5::1:53',
    );
    expect(send(udp('2001:db8:5::1', '2001:db8::10', 53, 4000))).toBe(
      '2001:db8:5::1:53>fd00::2:4000',
    );
  });
});

describe('DNAT', () => {
  it('publishes a port and undoes itself on answers', () => {
    const publish = to({ kind: DNAT, min: BOX, minPort: 80 });
    expect(send(syn(FAR, HOST, 41000, 8080), publish)).toBe(`${FAR}:41000>${BOX}:80`);
    expect(send(tcp(BOX, FAR, 80, 41000, { flags: SYN | ACK, seq: 7, ack: 101 }))).toBe(
      `${HOST}:8080>${FAR}:41000`,
    );
    expect(send(tcp(FAR, HOST, 41000, 8080, { flags: ACK, seq: 101, ack: 8 }))).toBe(
      `${FAR}:41000>${BOX}:80`,
    );
  });

  it('keeps the port without one of its own', () => {
    expect(send(syn(FAR, HOST, 41000, 8080), to({ kind: DNAT, min: BOX }))).toBe(
      `${FAR}:41000>${BOX}:8080`,
    );
  });

  it('keeps a port inside a range, else takes the lowest', () => {
    const range = to({ kind: DNAT, min: BOX, minPort: 8000, maxPort: 8010 });
    expect(send(syn(FAR, HOST, 1, 8005), range)).toBe(`${FAR}:1>${BOX}:8005`);
    expect(send(syn(FAR, HOST, 2, 9000), range)).toBe(`${FAR}:2>${BOX}:8000`);
    expect(t.core.natChosen()).toBe(0);
  });

  it('shifts ports with a base', () => {
    const shift = to({
      kind: DNAT,
      min: BOX,
      minPort: 5000,
      maxPort: 5100,
      basePort: 2000,
      flags: PROTO_OFFSET,
    });
    expect(send(syn(FAR, HOST, 1, 2000), shift)).toBe(`${FAR}:1>${BOX}:5000`);
    expect(send(syn(FAR, HOST, 1, 2042), shift)).toBe(`${FAR}:1>${BOX}:5042`);
  });

  it('takes an address of a range, the same for the same client', () => {
    const range = to({ kind: DNAT, min: '172.17.0.2', max: '172.17.0.5' });
    const seen = new Set<string>();
    for (let i = 0; i < 64; i++) {
      const got = send(syn(`10.0.0.${i}`, HOST, 1000, 80), range);
      const address = got.slice(got.indexOf('>') + 1).split(':')[0] ?? '';
      expect(['172.17.0.2', '172.17.0.3', '172.17.0.4', '172.17.0.5']).toContain(address);
      expect(send(syn(`10.0.0.${i}`, HOST, 1001, 80), range)).toContain(`>${address}:`);
      seen.add(address);
    }
    expect(seen.size).toBe(4);
    expect(t.core.natChosen()).toBe(0); // a hash without a secret
  });

  it('changes the source port of a second client that would look like the first', () => {
    // both destinations lead to the same port of the box
    send(udp(FAR, HOST, 41000, 8080), to({ kind: DNAT, min: BOX, minPort: 80 }));
    const other = send(udp(FAR, HOST, 41000, 9090), to({ kind: DNAT, min: BOX, minPort: 80 }));
    expect(other.endsWith(`>${BOX}:80`)).toBe(true);
    expect(portOf(other)).not.toBe(41000);
  });

  it('hairpins: the box reaches itself through the host', () => {
    const options: Options = {
      dnat: { kind: DNAT, min: BOX, minPort: 80 },
      snat: { kind: SNAT, min: '172.17.0.1' },
    };
    expect(send(syn(BOX, HOST, 5000, 8080), options)).toBe(`172.17.0.1:5000>${BOX}:80`);
    expect(send(tcp(BOX, '172.17.0.1', 80, 5000, { flags: SYN | ACK, seq: 7, ack: 101 }))).toBe(
      `${HOST}:8080>${BOX}:5000`,
    );
  });

  it('is decided once', () => {
    send(udp(FAR, HOST, 1, 53), to({ kind: DNAT, min: BOX }));
    expect(send(udp(FAR, HOST, 1, 53), to({ kind: DNAT, min: BOX2 }))).toBe(`${FAR}:1>${BOX}:53`);
  });
});

describe('SNAT', () => {
  it('maps a source, and keeps one that is in range', () => {
    const range: Options = { snat: { kind: SNAT, min: '203.0.113.1', max: '203.0.113.4' } };
    expect(send(udp('203.0.113.3', FAR, 1, 53), range)).toBe(`203.0.113.3:1>${FAR}:53`);
    expect(send(udp(BOX, FAR, 1, 53), range)).toMatch(/^203\.0\.113\.[1-4]:1>/);
    expect(t.core.natChosen()).toBe(0);
  });

  it('with PERSISTENT, gives a client one address towards all destinations', () => {
    const range: Options = {
      snat: { kind: SNAT, min: '203.0.113.1', max: '203.0.113.200', flags: PERSISTENT },
    };
    const seen = new Set<string>();
    for (let i = 1; i < 40; i++) {
      seen.add(send(udp(BOX, `9.9.9.${i}`, i, 53), range).split(':')[0] ?? '');
    }
    expect(seen.size).toBe(1);
  });

  it('with RANDOM, always chooses', () => {
    const random: Options = { snat: { kind: SNAT, min: HOST, flags: PROTO_RANDOM } };
    const ports = new Set<number>();
    for (let i = 0; i < 20; i++) ports.add(portOf(send(udp(BOX, FAR, 4000, 1000 + i), random)));
    expect(ports.size).toBeGreaterThan(10);
    expect(t.core.natChosen()).toBe(20);
  });

  it('is the same in every run', async () => {
    const all = async (): Promise<string[]> => {
      t = await Tracker.create();
      const random: Options = { snat: { kind: SNAT, min: HOST, flags: PROTO_RANDOM } };
      return Array.from({ length: 20 }, (_, i) => send(udp(BOX, FAR, 4000, 1000 + i), random));
    };
    expect(await all()).toEqual(await all());
  });

  it('takes the port of a closed connection when nothing else is left', () => {
    const one: Options = { snat: { kind: SNAT, min: HOST, minPort: 5000 } };
    expect(send(syn(BOX, FAR, 1000, 80, { seq: 100 }), one)).toBe(`${HOST}:5000>${FAR}:80`);
    expect(send(syn(BOX2, FAR, 1000, 80, { seq: 900 }), one)).toBe('drop');
    send(tcp(FAR, HOST, 80, 5000, { flags: SYN | ACK, seq: 7, ack: 101 }));
    send(tcp(BOX, FAR, 1000, 80, { flags: ACK, seq: 101, ack: 8 }));
    send(tcp(FAR, HOST, 80, 5000, { flags: 4, seq: 8 }));
    expect(send(syn(BOX2, FAR, 1000, 80, { seq: 50 }), one)).toBe('drop');
    expect(send(syn(BOX2, FAR, 1000, 80, { seq: 900 }), one)).toBe(`${HOST}:5000>${FAR}:80`);
  });
});

describe('NETMAP and REDIRECT', () => {
  it('maps the network and keeps the host part', () => {
    const range = { kind: NETMAP, min: '10.20.30.0', max: '10.20.30.255' };
    expect(send(udp(FAR, '192.0.2.77', 1, 53), { dnat: range })).toBe(`${FAR}:1>10.20.30.77:53`);
    expect(send(udp('192.0.2.99', FAR, 1, 53), { snat: range })).toBe(`10.20.30.99:1>${FAR}:53`);
    const six = { kind: NETMAP, min: 'fd00:1::', max: 'fd00:1::ffff:ffff:ffff:ffff' };
    expect(send(udp('2001:db8::1', '2001:db8:2::7', 1, 53), { dnat: six })).toBe(
      '2001:db8::1:1>fd00:1::7:53',
    );
  });

  it('redirects to the host', () => {
    expect(send(syn(BOX, FAR, 1, 80), { dnat: { kind: REDIRECT, minPort: 3128 } })).toBe(
      `${BOX}:1>${HOST}:3128`,
    );
    expect(send(syn(HOST, FAR, 2, 80), { local: true, dnat: { kind: REDIRECT } })).toBe(
      `${HOST}:2>127.0.0.1:80`,
    );
  });
});

describe('ICMP errors', () => {
  it('find their way back through a masquerade, and keep the router as their source', () => {
    send(udp(BOX, FAR, 4000, 53), MASQ);
    const error = icmp('203.0.113.1', HOST, 3, 3, 0, udp(HOST, FAR, 4000, 53));
    expect(send(error).replaceAll(/:\d+/g, '')).toBe(`203.0.113.1>${BOX}`);
  });

  it('of a published box come from the published address', () => {
    send(udp(FAR, HOST, 41000, 8080), to({ kind: DNAT, min: BOX, minPort: 80 }));
    const error = icmp(BOX, FAR, 3, 3, 0, udp(FAR, BOX, 41000, 80));
    expect(send(error).replaceAll(/:\d+/g, '')).toBe(`${HOST}>${FAR}`);
  });

  it('are dropped when they redirect a translated connection', () => {
    send(udp(BOX, FAR, 4000, 53), MASQ);
    expect(send(icmp('192.168.1.1', HOST, 5, 1, 0, udp(HOST, FAR, 4000, 53)))).toBe('drop');
    send(udp(BOX, FAR, 4000, 54));
    expect(send(icmp('192.168.1.1', BOX, 5, 1, 0, udp(BOX, FAR, 4000, 54)))).not.toBe('drop');
  });
});

describe('protocols without ports', () => {
  it('are mapped by address, and a clash is dropped', () => {
    const esp = (src: string, dst: string): Uint8Array => ip(src, dst, 50, new Uint8Array(8));
    expect(send(esp(BOX, FAR), MASQ)).toContain(`${HOST}:`);
    expect(send(esp(BOX2, FAR), MASQ)).toBe('drop');
    expect(send(esp(FAR, HOST))).toContain(`>${BOX}:`);
  });
});

it('MAP_IPS is the flag that addresses set', () => {
  expect(MAP_IPS).toBe(1);
});
