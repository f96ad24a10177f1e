import { beforeEach, describe, expect, it } from 'vitest';
import * as abi from '../../assembly/abi.ts';
import { type Options, type Result, Tracker } from './harness.ts';
import { IPS_ASSURED } from './status.ts';
import { ACK, CWR, ECE, FIN, PSH, RST, type Segment, SYN, tcp, URG } from './wire.ts';

// Rows: [what, from the client (c) or server (s), segment, want, at seconds]
type Want = Partial<Record<keyof Result, string | number>>;
type Row = readonly [string, 'c' | 's', Segment, Want, Options?];

const CLIENT = '10.0.0.2';
const SERVER = '192.0.2.80';

let t: Tracker;

function send(from: 'c' | 's', segment: Segment, options: Options = {}): Result {
  return t.send(
    from === 'c'
      ? tcp(CLIENT, SERVER, 40000, 80, segment)
      : tcp(SERVER, CLIENT, 80, 40000, segment),
    options,
  );
}

function run(rows: readonly Row[]): void {
  rows.forEach(([what, from, segment, want, options], i) => {
    const got = send(from, segment, options);
    const seen = Object.fromEntries(
      Object.keys(want).map((key) => [key, got[key as keyof Result]]),
    );
    expect(seen, `${i}: ${what}`).toEqual(want);
  });
}

const NEW = { state: 'NEW', dir: 'original' };
const ORIGINAL = { state: 'ESTABLISHED', dir: 'original' };
const REPLY = { state: 'ESTABLISHED', dir: 'reply' };
const INVALID = { state: 'INVALID', dir: '-' };

const HANDSHAKE: readonly Row[] = [
  ['SYN', 'c', { flags: SYN, seq: 1000 }, { ...NEW, tcp: 'SYN_SENT', timeout: 120 }],
  [
    'SYN+ACK',
    's',
    { flags: SYN | ACK, seq: 5000, ack: 1001 },
    { ...REPLY, tcp: 'SYN_RECV', timeout: 60 },
  ],
  [
    'ACK',
    'c',
    { flags: ACK, seq: 1001, ack: 5001 },
    { ...ORIGINAL, tcp: 'ESTABLISHED', timeout: 432000 },
  ],
];

beforeEach(async () => {
  t = await Tracker.create();
});

describe('TCP states', () => {
  it('opens, carries data and closes', () => {
    run([
      ...HANDSHAKE,
      [
        'request',
        'c',
        { flags: ACK | PSH, seq: 1001, ack: 5001, length: 100 },
        { ...ORIGINAL, timeout: 300 },
      ],
      ['its ACK', 's', { flags: ACK, seq: 5001, ack: 1101 }, { ...REPLY, timeout: 432000 }],
      [
        'FIN',
        'c',
        { flags: FIN | ACK, seq: 1101, ack: 5001 },
        { ...ORIGINAL, tcp: 'FIN_WAIT', timeout: 120 },
      ],
      [
        'its ACK',
        's',
        { flags: ACK, seq: 5001, ack: 1102 },
        { ...REPLY, tcp: 'CLOSE_WAIT', timeout: 60 },
      ],
      [
        'FIN',
        's',
        { flags: FIN | ACK, seq: 5001, ack: 1102 },
        { ...REPLY, tcp: 'LAST_ACK', timeout: 30 },
      ],
      [
        'last ACK',
        'c',
        { flags: ACK, seq: 1102, ack: 5002 },
        { ...ORIGINAL, tcp: 'TIME_WAIT', timeout: 120 },
      ],
    ]);
    expect(t.live()).toBe(1);
    expect(t.core.connectionsConfirmed()).toBe(1);
    expect(t.core.connectionsPickedUp()).toBe(0);
  });

  it('is assured once the handshake is complete', () => {
    run(HANDSHAKE.slice(0, 2));
    expect(t.entries()[0]?.status).toBe(2 | 8 | 128 | 256);
    run(HANDSHAKE.slice(2));
    expect((t.entries()[0]?.status ?? 0) & IPS_ASSURED).toBe(IPS_ASSURED);
  });

  it('judges first segments by their flags', async () => {
    const rows: readonly (readonly [number, string])[] = [
      [SYN, 'NEW'],
      [SYN | ECE | CWR, 'NEW'],
      [SYN | URG, 'NEW'],
      [SYN | PSH, 'NEW'],
      [ACK, 'NEW'],
      [ACK | PSH, 'NEW'],
      [ACK | URG, 'NEW'],
      [SYN | ACK, 'INVALID'],
      [FIN | ACK, 'INVALID'],
      [RST, 'INVALID'],
      [RST | ACK, 'INVALID'],
      [0, 'INVALID'],
      [FIN, 'INVALID'],
      [PSH, 'INVALID'],
      [FIN | PSH | URG, 'INVALID'],
      [SYN | FIN, 'INVALID'],
      [SYN | RST, 'INVALID'],
    ];
    for (const [flags, want] of rows) {
      t = await Tracker.create();
      const got = send('c', { flags, seq: 1, ack: 1 });
      expect([flags, got.state]).toEqual([flags, want]);
      expect(t.live()).toBe(want === 'NEW' ? 1 : 0);
    }
  });

  it('forgets a connection whose first packet was dropped', () => {
    expect(send('c', { flags: SYN, seq: 1 }, { drop: true }).verdict).toBe('drop');
    expect(t.live()).toBe(0);
    expect(send('s', { flags: SYN | ACK, seq: 1, ack: 2 }).state).toBe('INVALID');
    expect(send('c', { flags: SYN, seq: 1 }).state).toBe('NEW');
  });

  it('does not renew the timeout for repeated SYNs', () => {
    run([
      HANDSHAKE[0] as Row,
      ['SYN again', 'c', { flags: SYN, seq: 1000 }, { ...NEW, timeout: 117 }, { at: 3 }],
      ['SYN again', 'c', { flags: SYN, seq: 1000 }, { ...NEW, timeout: 1 }, { at: 119 }],
      ['SYN after expiry', 'c', { flags: SYN, seq: 1000 }, { ...NEW, timeout: 120 }, { at: 120 }],
    ]);
  });

  it('opens simultaneously', () => {
    run([
      ['SYN', 'c', { flags: SYN, seq: 1000 }, { ...NEW, tcp: 'SYN_SENT' }],
      ['SYN', 's', { flags: SYN, seq: 5000 }, { ...REPLY, tcp: 'SYN_SENT2', timeout: 120 }],
      [
        'SYN+ACK',
        'c',
        { flags: SYN | ACK, seq: 1000, ack: 5001 },
        { ...ORIGINAL, tcp: 'SYN_RECV' },
      ],
      ['SYN+ACK', 's', { flags: SYN | ACK, seq: 5000, ack: 1001 }, { ...REPLY, tcp: 'SYN_RECV' }],
      ['ACK', 'c', { flags: ACK, seq: 1001, ack: 5001 }, { ...ORIGINAL, tcp: 'ESTABLISHED' }],
    ]);
  });

  it('forgets at once what only an RST answered', () => {
    run([
      HANDSHAKE[0] as Row,
      ['RST', 's', { flags: RST | ACK, seq: 0, ack: 1001 }, { ...REPLY, tcp: 'CLOSE' }],
      ['RST again', 's', { flags: RST | ACK, seq: 0, ack: 1001 }, INVALID],
      ['SYN', 'c', { flags: SYN, seq: 2000 }, NEW],
    ]);
  });

  it('closes an established connection on an RST', () => {
    run([
      ...HANDSHAKE,
      ['RST', 's', { flags: RST, seq: 5001 }, { ...REPLY, tcp: 'CLOSE', timeout: 10 }],
      [
        'late data',
        'c',
        { flags: ACK, seq: 1001, ack: 5001, length: 10 },
        { ...ORIGINAL, tcp: 'CLOSE' },
      ],
    ]);
  });

  it('refuses an RST below what the peer acknowledged, and waits when it is not exact', () => {
    run([
      ...HANDSHAKE,
      ['data', 's', { flags: ACK, seq: 5001, ack: 1001, length: 100 }, REPLY],
      ['ACK', 'c', { flags: ACK, seq: 1001, ack: 5101 }, ORIGINAL],
      ['RST too low', 's', { flags: RST, seq: 5001 }, INVALID],
      [
        'RST in window',
        's',
        { flags: RST, seq: 5200 },
        { ...REPLY, tcp: 'ESTABLISHED', timeout: 10 },
      ],
      ['challenge ACK', 'c', { flags: ACK, seq: 1001, ack: 5101 }, { ...ORIGINAL, timeout: 300 }],
      ['exact RST', 's', { flags: RST, seq: 5101 }, { ...REPLY, tcp: 'CLOSE', timeout: 10 }],
    ]);
  });

  it('reopens in TIME_WAIT with a new connection', () => {
    run([
      ...HANDSHAKE,
      ['FIN', 'c', { flags: FIN | ACK, seq: 1001, ack: 5001 }, { tcp: 'FIN_WAIT' }],
      ['FIN', 's', { flags: FIN | ACK, seq: 5001, ack: 1002 }, { tcp: 'LAST_ACK' }],
      ['last ACK', 'c', { flags: ACK, seq: 1002, ack: 5002 }, { tcp: 'TIME_WAIT' }],
      ['SYN', 'c', { flags: SYN, seq: 9000 }, { ...NEW, tcp: 'SYN_SENT', timeout: 120 }],
      ['SYN+ACK', 's', { flags: SYN | ACK, seq: 7000, ack: 9001 }, { ...REPLY, tcp: 'SYN_RECV' }],
    ]);
    expect(t.live()).toBe(1);
    expect(t.core.connectionsConfirmed()).toBe(2);
  });

  it('reopens from the other side in TIME_WAIT', () => {
    run([
      ...HANDSHAKE,
      ['FIN', 'c', { flags: FIN | ACK, seq: 1001, ack: 5001 }, { tcp: 'FIN_WAIT' }],
      ['FIN', 's', { flags: FIN | ACK, seq: 5001, ack: 1002 }, { tcp: 'LAST_ACK' }],
      ['last ACK', 'c', { flags: ACK, seq: 1002, ack: 5002 }, { tcp: 'TIME_WAIT' }],
      ['SYN', 's', { flags: SYN, seq: 9000 }, { ...NEW, tcp: 'SYN_SENT' }],
    ]);
  });

  it('lets a SYN into an established connection pass, and follows its answer', () => {
    run([
      ...HANDSHAKE,
      [
        'SYN of a restarted client',
        'c',
        { flags: SYN, seq: 90000 },
        { ...ORIGINAL, tcp: 'ESTABLISHED' },
      ],
      ['SYN+ACK', 's', { flags: SYN | ACK, seq: 70000, ack: 90001 }, { ...REPLY, tcp: 'SYN_RECV' }],
      ['ACK', 'c', { flags: ACK, seq: 90001, ack: 70001 }, { ...ORIGINAL, tcp: 'ESTABLISHED' }],
    ]);
  });

  it('ignores a challenge ACK in LAST_ACK', () => {
    run([
      ...HANDSHAKE,
      ['FIN', 'c', { flags: FIN | ACK, seq: 1001, ack: 5001 }, { tcp: 'FIN_WAIT' }],
      ['FIN', 's', { flags: FIN | ACK, seq: 5001, ack: 1002 }, { tcp: 'LAST_ACK' }],
      ['SYN', 'c', { flags: SYN, seq: 90000 }, { ...ORIGINAL, tcp: 'LAST_ACK' }],
      ['challenge ACK', 's', { flags: ACK, seq: 5002, ack: 1002 }, { ...REPLY, tcp: 'LAST_ACK' }],
      ['ACK', 's', { flags: ACK, seq: 5002, ack: 1002 }, { ...REPLY, tcp: 'TIME_WAIT' }],
    ]);
  });

  it('picks connections up in the middle', () => {
    run([
      [
        'data',
        'c',
        { flags: ACK | PSH, seq: 1000, ack: 5000, length: 50, win: 500 },
        { ...NEW, tcp: 'ESTABLISHED', timeout: 300 },
      ],
      [
        'more',
        'c',
        { flags: ACK | PSH, seq: 1050, ack: 5000, length: 50, win: 500 },
        { ...NEW, timeout: 300 },
      ],
      [
        'answer',
        's',
        { flags: ACK, seq: 5000, ack: 1100, length: 5000, win: 500 },
        { ...REPLY, tcp: 'ESTABLISHED' },
      ],
      ['beyond the unscaled window', 'c', { flags: ACK, seq: 99000, ack: 10000 }, ORIGINAL],
    ]);
    expect(t.core.connectionsPickedUp()).toBe(1);
    expect((t.entries()[0]?.status ?? 0) & IPS_ASSURED).toBe(IPS_ASSURED);
  });

  it('does not pick up with tcp_loose 0', async () => {
    t = await Tracker.create({ [abi.SYSCTL_CT_TCP_LOOSE]: 0 });
    run([['data', 'c', { flags: ACK, seq: 1, ack: 1 }, INVALID]]);
  });

  it('expires', () => {
    run([
      ...HANDSHAKE,
      ['the last moment', 'c', { flags: ACK, seq: 1001, ack: 5001 }, ORIGINAL, { at: 431999.9 }],
      ['too late', 's', { flags: SYN | ACK, seq: 1, ack: 5001 }, INVALID, { at: 900000 }],
    ]);
  });

  it('shortens the timeout after repeated ACKs', () => {
    const again: Row = [
      'ACK',
      'c',
      { flags: ACK, seq: 1001, ack: 5001 },
      { ...ORIGINAL, timeout: 432000 },
    ];
    run([
      ...HANDSHAKE,
      again,
      again,
      ['third', 'c', { flags: ACK, seq: 1001, ack: 5001 }, { ...ORIGINAL, timeout: 300 }],
    ]);
  });
});

describe('TCP windows', () => {
  it('refuses data beyond the window', () => {
    run([
      ['SYN', 'c', { flags: SYN, seq: 1000, win: 1000 }, NEW],
      ['SYN+ACK', 's', { flags: SYN | ACK, seq: 5000, ack: 1001, win: 1000 }, REPLY],
      ['ACK', 'c', { flags: ACK, seq: 1001, ack: 5001, win: 1000 }, ORIGINAL],
      [
        'in the window',
        'c',
        { flags: ACK, seq: 1001, ack: 5001, length: 1000, win: 1000 },
        ORIGINAL,
      ],
      [
        'a little over',
        'c',
        { flags: ACK, seq: 2002, ack: 5001, length: 100, win: 1000 },
        ORIGINAL,
      ],
      ['far over', 'c', { flags: ACK, seq: 9000, ack: 5001, length: 100, win: 1000 }, INVALID],
      ['ACK of unseen data', 'c', { flags: ACK, seq: 2001, ack: 9000, win: 1000 }, INVALID],
    ]);
  });

  it('lets old data pass without learning from it', () => {
    run([
      ['SYN', 'c', { flags: SYN, seq: 100000, win: 1000 }, NEW],
      ['SYN+ACK', 's', { flags: SYN | ACK, seq: 5000, ack: 100001, win: 1000 }, REPLY],
      ['ACK', 'c', { flags: ACK, seq: 100001, ack: 5001, win: 1000 }, ORIGINAL],
      [
        'far below',
        'c',
        { flags: ACK, seq: 50000, ack: 5001, length: 10, win: 1000 },
        { ...ORIGINAL, timeout: 431000 },
        { at: 1000 },
      ],
    ]);
  });

  it('scales windows when both sides offer it', () => {
    const scale = [3, 3, 7];
    run([
      ['SYN', 'c', { flags: SYN, seq: 1000, win: 1000, options: [...scale, 4, 2] }, NEW],
      [
        'SYN+ACK',
        's',
        { flags: SYN | ACK, seq: 5000, ack: 1001, win: 1000, options: scale },
        REPLY,
      ],
      ['ACK', 'c', { flags: ACK, seq: 1001, ack: 5001, win: 1000 }, ORIGINAL],
      ['ACK', 's', { flags: ACK, seq: 5001, ack: 1001, win: 1000 }, REPLY],
      ['far in', 'c', { flags: ACK, seq: 101001, ack: 5001, length: 100, win: 1000 }, ORIGINAL],
      ['outside', 'c', { flags: ACK, seq: 401001, ack: 5001, length: 100, win: 1000 }, INVALID],
    ]);
  });

  it('does not scale when one side does not offer it', () => {
    run([
      ['SYN', 'c', { flags: SYN, seq: 1000, win: 1000, options: [3, 3, 7] }, NEW],
      ['SYN+ACK', 's', { flags: SYN | ACK, seq: 5000, ack: 1001, win: 1000 }, REPLY],
      ['ACK', 'c', { flags: ACK, seq: 1001, ack: 5001, win: 1000 }, ORIGINAL],
      ['outside', 's', { flags: ACK, seq: 105001, ack: 1001, length: 100, win: 1000 }, INVALID],
    ]);
  });

  it('believes SACK blocks where SACK was permitted', () => {
    const sack = (left: number, right: number): number[] => {
      const bytes = new Uint8Array(12);
      bytes.set([1, 1, 5, 10]);
      new DataView(bytes.buffer).setUint32(4, left);
      new DataView(bytes.buffer).setUint32(8, right);
      return [...bytes];
    };
    run([
      ['SYN', 'c', { flags: SYN, seq: 1000, options: [4, 2] }, NEW],
      ['SYN+ACK', 's', { flags: SYN | ACK, seq: 5000, ack: 1001, options: [4, 2] }, REPLY],
      ['ACK', 'c', { flags: ACK, seq: 1001, ack: 5001 }, ORIGINAL],
      [
        'SACK of unseen data',
        's',
        { flags: ACK, seq: 5001, ack: 1001, options: sack(2000, 3000) },
        INVALID,
      ],
      ['data', 'c', { flags: ACK, seq: 1001, ack: 5001, length: 2000 }, ORIGINAL],
      ['SACK of it', 's', { flags: ACK, seq: 5001, ack: 1001, options: sack(2000, 3000) }, REPLY],
    ]);
  });

  it('takes everything with tcp_be_liberal', async () => {
    t = await Tracker.create({ [abi.SYSCTL_CT_TCP_BE_LIBERAL]: 1 });
    run([
      ...HANDSHAKE,
      ['far over', 'c', { flags: ACK, seq: 900000, ack: 5001, length: 1 }, ORIGINAL],
    ]);
  });

  it('judges windows liberally when the options of a SYN were not captured', () => {
    run([
      ['SYN', 'c', { flags: SYN, seq: 1000, win: 100, options: [3, 3, 7, 1] }, NEW, { have: 40 }],
      [
        'SYN+ACK',
        's',
        { flags: SYN | ACK, seq: 5000, ack: 1001, win: 100, options: [3, 3, 7, 1] },
        REPLY,
        { have: 40 },
      ],
      ['far over', 'c', { flags: ACK, seq: 9000, ack: 5001, length: 100 }, ORIGINAL],
    ]);
  });

  it('lowers the timeout when FINs or RSTs out of the window answer each other', () => {
    run([
      ...HANDSHAKE,
      ['FIN over the window', 'c', { flags: FIN | ACK, seq: 900000, ack: 5001 }, INVALID],
      ['FIN over the window', 's', { flags: FIN | ACK, seq: 900000, ack: 1001 }, INVALID],
    ]);
    expect(t.entries()[0]?.timeout).toBe(300);
  });
});

describe('malformed segments', () => {
  it('refuses lying header lengths and short headers', () => {
    const short = tcp(CLIENT, SERVER, 1, 2, { flags: SYN, seq: 1 });
    short[20 + 12] = 0x40;
    expect(t.send(short).state).toBe('INVALID');
    const long = tcp(CLIENT, SERVER, 1, 2, { flags: SYN, seq: 1 });
    long[20 + 12] = 0xf0;
    expect(t.send(long).state).toBe('INVALID');
    expect(t.send(tcp(CLIENT, SERVER, 1, 2, { flags: SYN, seq: 1 }).subarray(0, 30)).state).toBe(
      'INVALID',
    );
    expect(t.send(tcp(CLIENT, SERVER, 1, 2, { flags: SYN, seq: 1 }).subarray(0, 22)).state).toBe(
      'INVALID',
    );
    expect(t.live()).toBe(0);
  });
});
