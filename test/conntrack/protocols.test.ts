import { beforeEach, describe, expect, it } from 'vitest';
import * as abi from '../../assembly/abi.ts';
import { type Options, Tracker } from './harness.ts';
import { IPS_ASSURED } from './status.ts';
import { icmp, ip, SYN, tcp, udp } from './wire.ts';

const A = '10.0.0.2';
const B = '192.0.2.53';

let t: Tracker;

/** "state/direction" of the packet. */
function see(packet: Uint8Array, options: Options = {}): string {
  const got = t.send(packet, options);
  return got.dir === '-' ? got.state : `${got.state}/${got.dir}`;
}

beforeEach(async () => {
  t = await Tracker.create();
});

describe('the connection entry', () => {
  it('is a line and a half', () => {
    expect(t.core.connSize()).toBe(96);
  });
});

describe('UDP (nf_conntrack_proto_udp.c)', () => {
  const ask = udp(A, B, 4000, 53);
  const answer = udp(B, A, 53, 4000);

  it('is new until answered, and each packet renews it', () => {
    expect(see(ask)).toBe('NEW/original');
    expect(see(ask, { at: 20 })).toBe('NEW/original');
    expect(see(answer, { at: 45 })).toBe('ESTABLISHED/reply');
    expect(see(ask, { at: 46 })).toBe('ESTABLISHED/original');
  });

  it('lasts 30 s, and 120 s once answered and older than two seconds', () => {
    expect(t.send(ask, { at: 0 }).timeout).toBe(30);
    expect(t.send(answer, { at: 1 }).timeout).toBe(30);
    expect(t.send(ask, { at: 2 }).timeout).toBe(30);
    const stream = t.send(ask, { at: 2.5 });
    expect(stream.timeout).toBe(120);
    expect(stream.status & IPS_ASSURED).toBe(IPS_ASSURED);
  });

  it('is not a stream by a late first answer', () => {
    t.send(ask, { at: 0 });
    expect(t.send(answer, { at: 10 }).timeout).toBe(30);
  });

  it('expires', () => {
    t.send(ask, { at: 0 });
    expect(see(answer, { at: 30 })).toBe('NEW/original');
  });

  it('refuses lengths that lie, and bad checksums but not missing ones', () => {
    const long = udp(A, B, 1, 2);
    long[20 + 5] = 200;
    expect(see(long)).toBe('INVALID');
    const short = udp(A, B, 1, 2);
    short[20 + 5] = 7;
    expect(see(short)).toBe('INVALID');
    const bad = udp(A, B, 1, 2);
    bad[20 + 8] = 0xff;
    expect(see(bad)).toBe('INVALID');
    expect(see(bad, { local: true })).toBe('NEW/original');
    const none = udp(A, B, 3, 2);
    none[20 + 6] = 0;
    none[20 + 7] = 0;
    expect(see(none)).toBe('NEW/original');
  });

  it('takes bad checksums with nf_conntrack_checksum 0', async () => {
    t = await Tracker.create({ [abi.SYSCTL_CT_CHECKSUM]: 0 });
    const bad = udp(A, B, 1, 2);
    bad[20 + 8] = 0xff;
    expect(see(bad)).toBe('NEW/original');
  });
});

describe('ICMP', () => {
  it('tells echoes apart by id, and answers by type', () => {
    expect(see(icmp(A, B, 8, 0, 7))).toBe('NEW/original');
    expect(see(icmp(B, A, 0, 0, 8))).toBe('INVALID');
    expect(see(icmp(B, A, 0, 0, 7))).toBe('ESTABLISHED/reply');
    expect(see(icmp(B, A, 8, 0, 7))).toBe('NEW/original');
    expect(t.live()).toBe(2);
  });

  it('knows timestamp, information and address mask requests', () => {
    for (const [request, reply] of [
      [13, 14],
      [15, 16],
      [17, 18],
    ] as const) {
      expect(see(icmp(A, B, request, 0, 1))).toBe('NEW/original');
      expect(see(icmp(B, A, reply, 0, 1))).toBe('ESTABLISHED/reply');
    }
    expect(see(icmp(A, B, 9, 0, 0))).toBe('INVALID');
    expect(see(icmp(A, B, 40, 0, 0))).toBe('INVALID');
  });

  it('relates errors to the connection that they quote, in the direction they travel', () => {
    t.send(udp(A, B, 4000, 53));
    expect(see(icmp('203.0.113.1', A, 3, 3, 0, udp(A, B, 4000, 53)))).toBe('RELATED/reply');
    t.send(udp(B, A, 53, 4000));
    expect(see(icmp(A, B, 11, 0, 0, udp(B, A, 53, 4000)))).toBe('RELATED/original');
  });

  it('refuses errors about nothing, to somebody else, or cut short', () => {
    t.send(udp(A, B, 4000, 53));
    expect(see(icmp(B, A, 3, 3, 0, udp(A, B, 4001, 53)))).toBe('INVALID');
    expect(see(icmp(B, '10.0.0.9', 3, 3, 0, udp(A, B, 4000, 53)))).toBe('INVALID');
    expect(see(icmp(B, A, 3, 3, 0, udp(A, B, 4000, 53).subarray(0, 23)))).toBe('INVALID');
    expect(see(icmp(B, A, 3, 3, 0, udp(A, B, 4000, 53).subarray(0, 24)))).toBe('RELATED/reply');
    expect(see(icmp(B, A, 3, 3, 0))).toBe('INVALID');
    const fragment = udp(A, B, 4000, 53);
    fragment[7] = 10;
    expect(see(icmp(B, A, 3, 3, 0, fragment))).toBe('INVALID');
  });

  it('relates errors about echoes', () => {
    t.send(icmp(A, B, 8, 0, 99));
    expect(see(icmp('203.0.113.1', A, 11, 0, 0, icmp(A, B, 8, 0, 99)))).toBe('RELATED/reply');
    expect(see(icmp('203.0.113.1', A, 11, 0, 0, icmp(A, B, 8, 0, 98)))).toBe('INVALID');
  });

  it('does not extend the life of what it relates to', () => {
    t.send(udp(A, B, 4000, 53), { at: 0 });
    expect(t.send(icmp(B, A, 3, 3, 0, udp(A, B, 4000, 53)), { at: 10 }).timeout).toBe(20);
  });
});

describe('ICMPv6', () => {
  const X = '2001:db8::2';
  const Y = '2001:db8:1::53';

  it('tracks echoes and leaves neighbour discovery untracked', () => {
    expect(see(icmp(X, Y, 128, 0, 5))).toBe('NEW/original');
    expect(see(icmp(Y, X, 129, 0, 5))).toBe('ESTABLISHED/reply');
    for (const type of [130, 131, 132, 133, 134, 135, 136, 143]) {
      expect(see(icmp(X, 'ff02::1', type, 0, 0))).toBe('UNTRACKED');
    }
    expect(see(icmp(X, 'ff02::1', 137, 0, 0))).toBe('INVALID'); // a redirect about nothing
    expect(see(icmp(X, Y, 138, 0, 0))).toBe('INVALID');
    expect(see(icmp(Y, X, 129, 0, 6))).toBe('INVALID');
  });

  it('relates errors, behind extension headers too', () => {
    t.send(tcp(X, Y, 1000, 80, { flags: SYN, seq: 1 }));
    const quoted = tcp(X, Y, 1000, 80, { flags: SYN, seq: 1 });
    expect(see(icmp(Y, X, 1, 4, 0, quoted))).toBe('RELATED/reply');
    const options = Uint8Array.from([6, 0, 1, 4, 0, 0, 0, 0]);
    const extended = Uint8Array.from([
      ...quoted.subarray(0, 40),
      ...options,
      ...quoted.subarray(40),
    ]);
    extended[6] = 60;
    expect(see(icmp(Y, X, 3, 0, 0, extended))).toBe('RELATED/reply');
    extended[6] = 59;
    expect(see(icmp(Y, X, 3, 0, 0, extended))).toBe('INVALID');
  });

  it('is not valid over IPv4, nor ICMP over IPv6', () => {
    const bytes = new Uint8Array(8);
    bytes[0] = 128;
    expect(see(ip(A, B, 58, bytes))).toBe('INVALID');
    const echo = new Uint8Array(8);
    echo[0] = 8;
    expect(see(ip(X, Y, 1, echo))).toBe('INVALID');
  });
});

describe('other protocols', () => {
  it('tracks the unknown by addresses', () => {
    expect(t.send(ip(A, B, 50, new Uint8Array(8))).timeout).toBe(600);
    expect(see(ip(B, A, 50, new Uint8Array(8)))).toBe('ESTABLISHED/reply');
    expect(see(ip(A, B, 51, new Uint8Array(8)))).toBe('NEW/original');
    expect(see(ip(A, B, 4, new Uint8Array(0)))).toBe('NEW/original');
  });

  it('knows DCCP no more: it is tracked by addresses', () => {
    const dccp = (sport: number): Uint8Array => {
      const bytes = new Uint8Array(16);
      new DataView(bytes.buffer).setUint16(0, sport);
      return bytes;
    };
    expect(see(ip(A, B, 33, dccp(1)))).toBe('NEW/original');
    expect(see(ip(B, A, 33, dccp(2)))).toBe('ESTABLISHED/reply');
  });

  it('does not track IPv6 without next header', () => {
    expect(see(ip('2001:db8::2', '2001:db8::3', 59, new Uint8Array(8)))).toBe('INVALID');
  });

  it('tells GRE version 1 by its call id, version 0 by addresses', () => {
    const gre0 = Uint8Array.from([0, 0, 8, 0]);
    expect(t.send(ip(A, B, 47, gre0)).timeout).toBe(30);
    expect(see(ip(B, A, 47, gre0))).toBe('ESTABLISHED/reply');
    expect(t.send(ip(A, B, 47, gre0)).timeout).toBe(180);
    const call = (id: number, protocol = 0x880b): Uint8Array =>
      Uint8Array.from([0x30, 1, protocol >> 8, protocol & 255, 0, 0, 0, id]);
    expect(see(ip(A, B, 47, call(1)))).toBe('NEW/original');
    expect(see(ip(A, B, 47, call(2)))).toBe('NEW/original');
    expect(see(ip(B, A, 47, call(1)))).toBe('NEW/original');
    expect(see(ip(B, A, 47, call(1, 0x0800)))).toBe('INVALID');
  });

  it('follows UDP-Lite: mandatory checksum, a stream from the first answer on', () => {
    const lite = (src: string, dst: string, sport: number, dport: number): Uint8Array => {
      const bytes = new Uint8Array(12);
      const view = new DataView(bytes.buffer);
      view.setUint16(0, sport);
      view.setUint16(2, dport);
      view.setUint16(6, 1);
      return ip(src, dst, 136, bytes);
    };
    expect(t.send(lite(A, B, 1, 2), { local: true }).timeout).toBe(30);
    expect(t.send(lite(B, A, 2, 1), { local: true }).timeout).toBe(30);
    expect(t.send(lite(A, B, 1, 2), { local: true }).timeout).toBe(120);
    const none = lite(A, B, 5, 6);
    none[27] = 0;
    expect(see(none, { local: true })).toBe('INVALID');
  });
});

describe('SCTP (nf_conntrack_proto_sctp.c)', () => {
  const chunk = (type: number, flags = 0, body: readonly number[] = []): number[] => [
    type,
    flags,
    0,
    4 + body.length,
    ...body,
  ];
  const init = (type: number, tag: number): number[] =>
    chunk(type, 0, [0, 0, 0, tag, ...new Array<number>(12).fill(0)]);
  const sctp = (from: string, to: string, tag: number, ...chunks: number[][]): Uint8Array => {
    const ports = from === A ? [0x10, 0, 0x0b, 0x59] : [0x0b, 0x59, 0x10, 0];
    return ip(
      from,
      to,
      132,
      Uint8Array.from([...ports, 0, 0, 0, tag, 0, 0, 0, 0, ...chunks.flat()]),
    );
  };
  const go = (from: string, tag: number, ...chunks: number[][]): [string, number] => {
    const got = t.send(sctp(from, from === A ? B : A, tag, ...chunks), { local: true });
    return [got.dir === '-' ? got.state : `${got.state}/${got.dir}`, got.timeout];
  };

  it('associates, carries data and shuts down', () => {
    expect(go(A, 0, init(1, 11))).toEqual(['NEW/original', 10]);
    expect(go(B, 11, init(2, 22))).toEqual(['ESTABLISHED/reply', 3]);
    expect(go(A, 22, chunk(10, 0, [1, 2, 3, 4]))).toEqual(['ESTABLISHED/original', 3]);
    expect(go(B, 11, chunk(11))).toEqual(['ESTABLISHED/reply', 210]);
    expect(go(A, 22, chunk(0, 3, [0, 0, 0, 1]))).toEqual(['ESTABLISHED/original', 210]);
    expect(go(A, 23, chunk(0, 3, [0, 0, 0, 1]))[0]).toBe('INVALID');
    expect(go(A, 22, chunk(7, 0, [0, 0, 0, 1]))).toEqual(['ESTABLISHED/original', 3]);
    expect(go(B, 11, chunk(8))).toEqual(['ESTABLISHED/reply', 3]);
    expect(go(A, 22, chunk(14))).toEqual(['ESTABLISHED/original', 10]);
  });

  it('begins with INIT, heartbeat or SHUTDOWN ACK, not with anything else out of the blue', () => {
    expect(go(A, 5, chunk(0, 3, [0, 0, 0, 1]))[0]).toBe('INVALID');
    expect(go(A, 5, chunk(6))[0]).toBe('INVALID');
    expect(go(A, 5, chunk(11))[0]).toBe('INVALID');
    expect(go(A, 5, init(1, 1))[0]).toBe('INVALID');
    expect(go(A, 0, init(1, 1), chunk(0))[0]).toBe('INVALID');
    expect(go(A, 5, chunk(4, 0, [0, 1, 0, 4]))).toEqual(['NEW/original', 30]);
    expect(go(B, 6, chunk(5, 0, [0, 1, 0, 4]))).toEqual(['ESTABLISHED/reply', 210]);
  });

  it('never trips over chunk lengths', () => {
    for (const length of [0, 1, 3, 5, 255]) {
      go(A, 0, [1, 0, 0, length, 9, 9, 9, 9]);
      go(A, 0, [200, 0, 255, length, 9, 9, 9, 9], [1, 0]);
    }
  });
});

describe('zones (CT --zone)', () => {
  const ask = udp(A, B, 4000, 53);
  const answer = udp(B, A, 53, 4000);

  it('keeps equal tuples of different zones apart', () => {
    expect(see(ask)).toBe('NEW/original');
    expect(see(answer, { zone: 5 })).toBe('NEW/original');
    expect(see(answer)).toBe('ESTABLISHED/reply');
    expect(see(ask, { zone: 5 })).toBe('ESTABLISHED/reply');
    expect(t.live()).toBe(2);
  });

  it('may hold for the original direction alone', () => {
    expect(see(ask, { zone: 5, zoneDirs: 1 })).toBe('NEW/original');
    expect(see(answer)).toBe('ESTABLISHED/reply');
    expect(see(ask)).toBe('NEW/original');
    expect(see(ask, { zone: 5, zoneDirs: 1 })).toBe('ESTABLISHED/original');
  });
});

describe('the table', () => {
  it('grows, finds every connection, and forgets the dead ones', () => {
    const packet = (i: number): Uint8Array =>
      udp(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, B, 1000 + (i % 50), 53);
    for (let i = 0; i < 6_000; i++) t.send(packet(i), { at: i / 2_000 });
    expect(t.live()).toBe(6_000);
    for (let i = 0; i < 6_000; i += 7) expect(see(packet(i), { at: 4 })).toBe('NEW/original');
    expect(t.live()).toBe(6_000);
    const size = t.memory.buffer.byteLength;
    for (let round = 1; round < 6; round++) {
      for (let i = 0; i < 6_000; i++)
        t.send(packet(i + round * 6_000), { at: round * 200 + i / 2_000 });
      expect(t.live()).toBe(6_000);
    }
    expect(t.memory.buffer.byteLength).toBeLessThan(size + (2 << 20));
  });

  it('tells the direction of packets seen leaving', () => {
    t.send(udp(A, B, 4000, 53));
    t.load(udp(A, B, 4000, 53));
    expect(t.core.replied()).toBe(0);
    t.load(udp(B, A, 53, 4000));
    expect(t.core.replied()).toBe(1);
    t.load(udp(A, B, 4001, 53));
    expect(t.core.replied()).toBe(-1);
  });
});

describe('connections known at the start', () => {
  it('are there, with what is left of their time', async () => {
    const other = await Tracker.create();
    other.send(tcp(A, B, 1000, 80, { flags: SYN, seq: 1 }), { at: 0 });
    const out = other.core.allocate(abi.KNOWN_CONN_SIZE);
    other.core.connDump(0, BigInt(1_700_000_000) * 1_000_000_000n, out);
    const record = Uint8Array.from(new Uint8Array(other.memory.buffer, out, abi.KNOWN_CONN_SIZE));
    t = await Tracker.create({}, [record]);
    t.now = 1_700_000_000;
    expect(t.core.preloadConnections(1_700_000_000_000_000_000n, 0, 1)).toBe(1);
    expect(t.entries()).toEqual(other.entries());
    expect(see(tcp(B, A, 80, 1000, { flags: SYN | 16, seq: 9, ack: 2 }))).toBe('ESTABLISHED/reply');
    expect(t.core.connectionsConfirmed()).toBe(0);
  });
});
