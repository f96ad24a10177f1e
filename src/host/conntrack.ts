/**
 * conntrack.txt: connections that the host knew when the snapshot was taken, as `conntrack -L` or
 * /proc/net/nf_conntrack list them (net/netfilter/nf_conntrack_standalone.c).
 */
import type { Address, Family } from '../ruleset/values.ts';
import type { SourceText } from './notes.ts';
import { parseIp } from './text.ts';

/** One direction of a connection as the listing shows it. */
export interface ConnectionTuple {
  readonly src: Address;
  readonly dst: Address;
  /** Ports; ICMP: the id in `sport`, type << 8 | code in `dport`; GRE: its keys; else 0. */
  readonly sport: number;
  readonly dport: number;
  /** From conntrack accounting; 0 where it is off. */
  readonly packets: bigint;
  readonly bytes: bigint;
}

export interface KnownConnection {
  /** 1-based line of conntrack.txt. */
  readonly line: number;
  readonly family: Family;
  readonly proto: number;
  /** Seconds left; null where the listing has none (offloaded connections). */
  readonly timeoutSec: number | null;
  /** TCP, SCTP or DCCP state as the kernel names it (ESTABLISHED, TIME_WAIT …), else null. */
  readonly state: string | null;
  readonly original: ConnectionTuple;
  readonly reply: ConnectionTuple;
  readonly seenReply: boolean;
  readonly assured: boolean;
  readonly mark: number;
  readonly zone: number;
  /** For which direction's packets the zone holds. */
  readonly zoneDirection: 'both' | 'original' | 'reply';
  readonly helper: string | null;
}

/** What went wrong in a line, and where (column from 0). */
class LineFault extends Error {
  readonly column: number;
  constructor(column: number, message: string) {
    super(message);
    this.column = column;
  }
}

interface Word {
  readonly text: string;
  readonly column: number;
}

function words(line: string): Word[] {
  return [...line.matchAll(/\S+/g)].map((found) => ({ text: found[0], column: found.index }));
}

/** An unsigned number, decimal or 0x…, of at most `max`. */
function number(word: Word, text: string, max: number): number {
  const value = /^(\d{1,10}|0x[0-9a-f]{1,8})$/i.test(text) ? Number(text) : Number.NaN;
  if (value <= max) return value;
  throw new LineFault(word.column, `expected a whole number up to ${max}: ${word.text}`);
}

/** Fields of a line by name; those of tuples once per direction. */
class Fields {
  readonly tuples: [Map<string, Word>, Map<string, Word>] = [new Map(), new Map()];
  readonly rest = new Map<string, Word>();
  readonly flags = new Set<string>();

  constructor(list: readonly Word[]) {
    let direction: 0 | 1 | null = null;
    for (const word of list) {
      const flag = /^\[([A-Z_]+)\]$/.exec(word.text)?.[1];
      if (flag !== undefined) {
        this.flags.add(flag);
        continue;
      }
      const equals = word.text.indexOf('=');
      if (equals < 0) continue; // second words of values that are lists
      const key = word.text.slice(0, equals);
      if (key === 'src') direction = direction === null ? 0 : 1;
      if (direction !== null && TUPLE_FIELDS.has(key)) {
        const tuple = this.tuples[direction];
        if (!tuple.has(key)) tuple.set(key, word); // `-o id` adds a second id at the end
      } else {
        this.rest.set(key, word);
      }
    }
  }
}

const TUPLE_FIELDS: ReadonlySet<string> = new Set([
  'src',
  'dst',
  'sport',
  'dport',
  'type',
  'code',
  'id',
  'srckey',
  'dstkey',
  'packets',
  'bytes',
]);

function valueText(word: Word): string {
  return word.text.slice(word.text.indexOf('=') + 1);
}

function readTuple(fields: ReadonlyMap<string, Word>, family: Family, end: number) {
  const address = (key: 'src' | 'dst'): Address => {
    const word = fields.get(key);
    if (word === undefined) throw new LineFault(end, `expected ${key}= of both directions`);
    const ip = parseIp(valueText(word));
    if (ip?.family === family) return ip.address;
    throw new LineFault(word.column, `expected an IPv${family} address: ${word.text}`);
  };
  const field = (key: string, max: number): number => {
    const word = fields.get(key);
    return word === undefined ? 0 : number(word, valueText(word), max);
  };
  const count = (key: string): bigint => {
    const word = fields.get(key);
    if (word === undefined) return 0n;
    const text = valueText(word);
    if (/^\d{1,20}$/.test(text)) return BigInt.asUintN(64, BigInt(text));
    throw new LineFault(word.column, `expected a whole number: ${word.text}`);
  };
  const icmp = fields.has('type');
  const sport = fields.has('srckey') ? field('srckey', 65535) : field('sport', 65535);
  const dport = fields.has('dstkey') ? field('dstkey', 65535) : field('dport', 65535);
  return {
    src: address('src'),
    dst: address('dst'),
    sport: icmp ? field('id', 65535) : sport,
    dport: icmp ? (field('type', 255) << 8) | field('code', 255) : dport,
    packets: count('packets'),
    bytes: count('bytes'),
  };
}

function readZone(fields: Fields): Pick<KnownConnection, 'zone' | 'zoneDirection'> {
  const both = fields.rest.get('zone');
  const original = fields.rest.get('zone-orig');
  const word = both ?? original ?? fields.rest.get('zone-reply');
  const zone = word === undefined ? 0 : number(word, valueText(word), 65535);
  if (word === both) return { zone, zoneDirection: 'both' };
  return { zone, zoneDirection: word === original ? 'original' : 'reply' };
}

/** One line; null for a line that lists no connection. Throws a LineFault. */
function readConnection(text: string, line: number): KnownConnection | null {
  const list = words(text);
  const first = list[0]?.text ?? '';
  // conntrack's own "conntrack v1.4.7 (conntrack-tools): 3 flow entries have been shown."
  if (list.length === 0 || first === 'conntrack' || first.startsWith('#')) return null;
  const layer3 = first === 'ipv4' || first === 'ipv6' ? 2 : 0;
  const protoWord = list[layer3 + 1];
  if (protoWord === undefined) throw new LineFault(text.length, 'expected a protocol number');
  const proto = number(protoWord, protoWord.text, 255);
  let at = layer3 + 2;
  const timeoutWord = list[at];
  const timed = timeoutWord !== undefined && /^\d+$/.test(timeoutWord.text);
  if (timed) at++;
  const state = /^[A-Z][A-Z0-9_]*$/.test(list[at]?.text ?? '') ? (list[at++]?.text ?? null) : null;
  const fields = new Fields(list.slice(at));
  const src = fields.tuples[0].get('src');
  const family: Family = src !== undefined && valueText(src).includes(':') ? 6 : 4;
  const mark = fields.rest.get('mark');
  const helper = fields.rest.get('helper');
  return {
    line,
    family,
    proto,
    timeoutSec: timed ? number(timeoutWord, timeoutWord.text, 0xffffffff) : null,
    state,
    original: readTuple(fields.tuples[0], family, text.length),
    reply: readTuple(fields.tuples[1], family, text.length),
    seenReply: !fields.flags.has('UNREPLIED'),
    assured: ['ASSURED', 'OFFLOAD', 'HW_OFFLOAD'].some((flag) => fields.flags.has(flag)),
    mark: mark === undefined ? 0 : number(mark, valueText(mark), 0xffffffff),
    ...readZone(fields),
    helper: helper === undefined ? null : valueText(helper),
  };
}

export function readConntrack(source: SourceText): KnownConnection[] {
  const connections: KnownConnection[] = [];
  let offset = 0;
  for (const [index, rawLine] of source.text.split('\n').entries()) {
    try {
      const connection = readConnection(rawLine.trimEnd(), index + 1);
      if (connection !== null) connections.push(connection);
    } catch (error) {
      if (!(error instanceof LineFault)) throw error;
      source.problem(offset + error.column, error.message);
    }
    offset += rawLine.length + 1;
  }
  if (connections.length === 0) source.nothingFound('conntrack -L');
  return connections;
}
