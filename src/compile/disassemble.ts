/** Prints an image's rules as text, for tests and for people who look for a fault. */
import * as abi from '../../assembly/abi.ts';
import * as rules from '../../assembly/abi-rules.ts';

type Constants = Readonly<Record<string, number>>;

/** Names of the constants that begin with `prefix`, by value. */
function names(constants: Constants, prefix: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const [name, value] of Object.entries(constants)) {
    if (!name.startsWith(prefix) || found.has(value)) continue;
    found.set(value, name.slice(prefix.length).toLowerCase().replaceAll('_', '-'));
  }
  return found;
}

const KINDS = ['HEADER_BYTES', 'INVERT', 'NATIVE'];
const MATCHES = names(
  Object.fromEntries(
    Object.entries(rules).filter(([name]) => !KINDS.includes(name.replace('MATCH_', ''))),
  ),
  'MATCH_',
);
const TARGETS = names(
  Object.fromEntries(Object.entries(rules).filter(([name]) => name !== 'TARGET_HEADER_BYTES')),
  'TARGET_',
);
const DIMS = names(rules, 'DIM_');
const TABLES = names(abi, 'TABLE_');
const HOOKS = names(abi, 'HOOK_');
const VERDICTS = names(abi, 'VERDICT_');
const IMAGE_FLAGS = names(
  Object.fromEntries(Object.entries(abi).filter(([name]) => name !== 'IMAGE_HEADER_WORDS')),
  'IMAGE_',
);

interface Section {
  readonly offset: number;
  readonly count: number;
}

/** Reads an image that compile() made. */
class Disassembler {
  readonly #view: DataView;
  readonly #lines: string[] = [];

  constructor(image: Uint8Array) {
    this.#view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  }

  text(): string {
    const flags = this.#u32(12);
    const set = [...IMAGE_FLAGS].filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
    this.#lines.push(`image version ${this.#u32(4)}: ${set.join(' ')}`);
    const chains = this.#section(abi.SECTION_CHAIN);
    for (let i = 0; i < chains.count; i++) this.#chain(i, chains.offset + i * abi.CHAIN_SIZE);
    const sets = this.#section(abi.SECTION_SET);
    for (let i = 0; i < sets.count; i++) this.#set(i, sets.offset, i * rules.SET_SIZE);
    return `${this.#lines.join('\n')}\n`;
  }

  #chain(id: number, at: number): void {
    const [family, table, hook, policy] = [0, 1, 2, 3].map((i) => this.#view.getUint8(at + i));
    const base = hook === abi.HOOK_COUNT ? '' : ` at ${HOOKS.get(hook ?? 0)}`;
    const verdict = policy === abi.VERDICT_NONE ? '' : `, else ${VERDICTS.get(policy ?? 0)}`;
    this.#lines.push(`chain ${id}: IPv${family} ${TABLES.get(table ?? 0)}${base}${verdict}`);
    const first = this.#u32(at + 4);
    const section = this.#section(abi.SECTION_RULE);
    for (let i = first; i < first + this.#u32(at + 8); i++) {
      this.#rule(i, section.offset + i * abi.RULE_SIZE);
    }
  }

  #rule(id: number, at: number): void {
    const blob = this.#section(abi.SECTION_BLOB).offset;
    const parts: string[] = [];
    let match = blob + this.#u32(at + 8);
    for (let count = this.#u16(at + 12); count > 0; count--) {
      parts.push(this.#match(match));
      match += this.#u32(match + 4);
    }
    const target = blob + this.#u32(at + 16);
    const payload = this.#words(target + rules.TARGET_HEADER_BYTES, target + this.#u32(target + 4));
    const name = TARGETS.get(this.#u16(target)) ?? '?';
    this.#lines.push(`  ${id}: ${[...parts, `→ ${name}${payload}`].join('  ')}`);
  }

  #match(at: number): string {
    const kind = this.#u16(at);
    const flags = this.#view.getUint8(at + 3);
    const items = at + rules.MATCH_HEADER_BYTES + 8;
    const count = this.#u32(at + rules.MATCH_HEADER_BYTES);
    const dim = DIMS.get(this.#view.getUint8(at + 2)) ?? '?';
    const native = flags & rules.MATCH_NATIVE ? '~' : '';
    switch (kind) {
      case rules.MATCH_VALUES:
        return `${dim}${native}{${this.#values(items, count)}}`;
      case rules.MATCH_RANGES:
        return `${dim}${native}{${this.#ranges(items, count)}}`;
      case rules.MATCH_ADDRESSES:
        return `${dim}{${this.#addresses(items, count)}}`;
      default: {
        const invert = flags & rules.MATCH_INVERT ? '!' : '';
        const end = at + this.#u32(at + 4);
        const payload = this.#words(at + rules.MATCH_HEADER_BYTES, end);
        return `${invert}${native}${MATCHES.get(kind) ?? '?'}${payload}`;
      }
    }
  }

  /** Runs of the values whose bits are set. */
  #values(at: number, words: number): string {
    const has = (value: number) =>
      value < words * 64 && (this.#view.getUint8(at + (value >> 3)) >> (value & 7)) & 1;
    const runs: string[] = [];
    for (let value = 0; value < words * 64; value++) {
      if (!has(value)) continue;
      const first = value;
      while (has(value + 1)) value++;
      runs.push(first === value ? `${first}` : `${first}-${value}`);
    }
    return runs.join(',');
  }

  #ranges(at: number, count: number): string {
    return Array.from({ length: count }, (_, i) => {
      const [low, high] = [this.#u16(at + i * 4), this.#u16(at + i * 4 + 2)];
      return low === high ? `${low}` : `${low}-${high}`;
    }).join(',');
  }

  /** Upper halves of the keys; the lower ones too where they say something. */
  #addresses(at: number, count: number): string {
    const key = (offset: number) => {
      const high = this.#view.getBigUint64(offset, true).toString(16).padStart(16, '0');
      const low = this.#view.getBigUint64(offset + 8, true);
      return low === 0n || low === 2n ** 64n - 1n ? high : `${high}:${low.toString(16)}`;
    };
    return Array.from({ length: count }, (_, i) => {
      const item = at + i * 32;
      return `${key(item)}-${key(item + 16)}`;
    }).join(',');
  }

  /** What no other line understands: words in hexadecimal, without trailing zeroes. */
  #words(at: number, end: number): string {
    const words: string[] = [];
    for (let i = at; i < end; i += 4) words.push(this.#u32(i).toString(16));
    while (words.at(-1) === '0') words.pop();
    return words.length === 0 ? '' : `(${words.join(' ')})`;
  }

  #set(index: number, section: number, at: number): void {
    const head = section + at;
    const [kind, family, dims] = [0, 1, 2].map((i) => this.#view.getUint8(head + i));
    const what = kind === rules.SET_LIST ? 'list' : `IPv${family} of ${dims} dimensions`;
    const [flags, entries] = [this.#u32(head + 4), this.#u32(head + 52)];
    this.#lines.push(`set ${index}: ${what}, flags ${flags}, ${entries} entries`);
  }

  #section(number: number): Section {
    const at = abi.IMAGE_HEADER_WORDS * 4 + number * 8;
    return { offset: this.#u32(at), count: this.#u32(at + 4) };
  }

  #u16(at: number): number {
    return this.#view.getUint16(at, true);
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, true);
  }
}

/** The chains, rules and sets of an image, one rule a line. */
export function disassemble(image: Uint8Array): string {
  return new Disassembler(image).text();
}
