/** Small changes to bytes, text and JSON. */
import type { Random } from '../oracle/random.ts';

const NUMBERS = [0, 1, 2, 3, 4, 7, 8, 15, 16, 20, 40, 127, 128, 255, 256, 1500, 65535, 65536];
const WORDS = [0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, 262144, 262145, 1048576, 1048580];

/** Up to `most` changes: bytes set, words set, stretches removed, repeated or moved. */
export function mutateBytes(random: Random, bytes: Uint8Array, most = 8): Uint8Array {
  let out = Buffer.from(bytes);
  for (let n = random.int(1, most); n > 0 && out.length > 0; n--) {
    const at = random.int(0, out.length - 1);
    const length = random.int(1, Math.min(64, out.length - at));
    switch (random.int(0, 6)) {
      case 0:
        out[at] = random.int(0, 255);
        break;
      case 1:
        out[at] = (out[at] ?? 0) ^ (1 << random.int(0, 7));
        break;
      case 2:
        if (at + 4 <= out.length) out.writeUInt32LE(random.pick([...NUMBERS, ...WORDS]), at);
        break;
      case 3:
        if (at + 2 <= out.length) out.writeUInt16BE(random.pick(NUMBERS) & 0xffff, at);
        break;
      case 4:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + length)]);
        break;
      case 5:
        out = Buffer.concat([out.subarray(0, at + length), out.subarray(at)]);
        break;
      default:
        out = out.subarray(0, random.chance(0.3) ? at : out.length);
    }
  }
  return out;
}

const SYMBOLS = ['!', '-', '--', ':', '/', ',', '"', "'", '\\', '[', ']', '0', '-1', '', '\n', '*'];
const NUMERALS = [
  '0',
  '-1',
  '1',
  '65535',
  '65536',
  '4294967295',
  '4294967296',
  '1e9',
  '0x10',
  '08',
];
const VALUES = ['::/0', '0.0.0.0/0', '1.2.3.4', '255.255.255.255/33', 'é', '\0', 'a'.repeat(300)];
const TOKENS = [...SYMBOLS, ...NUMERALS, ...VALUES];

/** Up to `most` changes: words replaced, lines removed, repeated, moved or joined. */
export function mutateText(random: Random, text: string, most = 8): string {
  const lines = text.split('\n');
  for (let n = random.int(1, most); n > 0 && lines.length > 0; n--) {
    const at = random.int(0, lines.length - 1);
    const line = lines[at] ?? '';
    const words = line.split(' ');
    const word = random.int(0, words.length - 1);
    switch (random.int(0, 6)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(random.int(0, lines.length), 0, line);
        break;
      case 2:
        words[word] = random.pick(TOKENS);
        lines[at] = words.join(' ');
        break;
      case 3:
        words.splice(word, 1);
        lines[at] = words.join(' ');
        break;
      case 4:
        words.splice(word, 0, ...random.pick(lines).split(' ').slice(0, 4));
        lines[at] = words.join(' ');
        break;
      case 5: {
        const from = random.int(0, line.length);
        lines[at] = line.slice(0, from) + random.pick(TOKENS) + line.slice(from + random.int(0, 3));
        break;
      }
      default:
        words[word] = random.pick(random.pick(lines).split(' '));
        lines[at] = words.join(' ');
    }
  }
  return lines.join('\n');
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
const ODD: readonly Json[] = [
  ...[null, true, false, 0, -1, 1.5, 65536, 4294967296, 1e308, '', 'eth0', '1.2.3.4', '::', '/'],
  ...[[], {}, [[]], [{}], [null], { '': null }],
];

/** Up to `most` values of a JSON document replaced, removed, repeated or swapped. */
export function mutateJson(random: Random, text: string, most = 6): string {
  let root: Json;
  try {
    root = JSON.parse(text) as Json;
  } catch {
    return text;
  }
  for (let n = random.int(1, most); n > 0; n--) root = mutateValue(random, root, random.int(1, 7));
  return JSON.stringify(root);
}

function mutateValue(random: Random, value: Json, depth: number): Json {
  if (value === null || typeof value !== 'object' || depth === 0) return random.pick(ODD);
  const keys = Object.keys(value);
  if (keys.length === 0) return random.pick(ODD);
  const key = random.pick(keys);
  if (Array.isArray(value)) {
    const at = Number(key);
    const item = value[at] ?? null;
    if (random.chance(0.1)) return [...value.slice(0, at), ...value.slice(at + 1)];
    if (random.chance(0.1)) return [...value, item];
    return value.with(at, mutateValue(random, item, depth - 1));
  }
  const { [key]: item = null, ...rest } = value;
  if (random.chance(0.1)) return rest;
  if (random.chance(0.1)) return { ...rest, [random.pick(keys)]: item };
  return { ...rest, [key]: mutateValue(random, item, depth - 1) };
}
