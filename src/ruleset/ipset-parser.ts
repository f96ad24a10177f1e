/** Reads what `ipset save` writes. */
import { type DockfwError, IpsetError, type Severity } from '../errors.ts';
import { addressBits, parseAddress, prefixMask } from './address.ts';
import { type Argument, argumentOf } from './extension.ts';
import { Fault } from './fault.ts';
import type { Ipset, IpsetEntry, SetDimension, SetMethod } from './ipset.ts';
import { readAddresses, readElement, readPorts } from './ipset-entry.ts';
import { tokenize } from './lexer.ts';
import { namedIn } from './named-in.ts';
import { mark, prefixLen, text, u16, u32, u64 } from './readers.ts';
import { classId } from './target/classify.ts';
import type { Family } from './values.ts';

export interface ParsedIpsets {
  /** In the order of the file. */
  readonly sets: readonly Ipset[];
  readonly problems: readonly DockfwError[];
}

/** Never throws: lines that are not understood are among the problems and left out. */
export function parseIpsets(source: string, options: { readonly file: string }): ParsedIpsets {
  return new IpsetParser(source, options.file).parse();
}

const TYPES: ReadonlySet<string> = new Set([
  'bitmap:ip',
  'bitmap:ip,mac',
  'bitmap:port',
  'hash:ip',
  'hash:mac',
  'hash:ip,mac',
  'hash:net',
  'hash:net,net',
  'hash:ip,port',
  'hash:net,port',
  'hash:ip,port,ip',
  'hash:ip,port,net',
  'hash:ip,mark',
  'hash:net,port,net',
  'hash:net,iface',
  'list:set',
]);

const MAX_NAME = 31; // IPSET_MAXNAMELEN - 1

/** Options and how many words follow them. */
const CREATE_OPTIONS: Readonly<Record<string, 0 | 1>> = {
  family: 1,
  range: 1,
  from: 1,
  to: 1,
  netmask: 1,
  bitmask: 1,
  markmask: 1,
  timeout: 1,
  hashsize: 1,
  maxelem: 1,
  size: 1,
  bucketsize: 1,
  initval: 1,
  probes: 1,
  resize: 1,
  gc: 1,
  counters: 0,
  comment: 0,
  skbinfo: 0,
  forceadd: 0,
  wildcard: 0,
};

const ADD_OPTIONS: Readonly<Record<string, 0 | 1>> = {
  timeout: 1,
  packets: 1,
  bytes: 1,
  comment: 1,
  skbmark: 1,
  skbprio: 1,
  skbqueue: 1,
  before: 1,
  after: 1,
  nomatch: 0,
  wildcard: 0,
};

interface SetBuilder extends Omit<Ipset, 'entries'> {
  entries: IpsetEntry[];
}

type OptionValues = ReadonlyMap<string, Argument>;

class IpsetParser {
  readonly #file: string;
  readonly #lines: readonly string[];
  readonly #sets = new Map<string, SetBuilder>();
  readonly #problems: DockfwError[] = [];
  #number = 0;

  constructor(source: string, file: string) {
    this.#file = file;
    this.#lines = source.replace(/^\ufeff/, '').split(/\r?\n/);
  }

  parse(): ParsedIpsets {
    for (const [i, line] of this.#lines.entries()) {
      this.#number = i + 1;
      if (line.trim() === '' || line.trimStart().startsWith('#') || line.trim() === 'COMMIT')
        continue;
      try {
        this.#readLine(line);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        this.#problem(error.message, error.column);
      }
    }
    for (const set of this.#sets.values()) this.#checkMembers(set);
    return { sets: [...this.#sets.values()], problems: this.#problems };
  }

  #problem(
    message: string,
    column: number,
    severity: Severity = 'error',
    number = this.#number,
  ): void {
    const place = { file: this.#file, line: number, column, sourceLine: this.#lines[number - 1] };
    this.#problems.push(new IpsetError(message, place, severity));
  }

  #readLine(line: string): void {
    const words = tokenize(line).map(argumentOf);
    const [command, ...rest] = words.filter(({ text: word }) => word !== '-exist' && word !== '-!');
    const end = { text: '', column: line.length + 1 };
    switch (command?.text) {
      case 'create':
      case '-N':
        this.#create(rest, end);
        break;
      case 'add':
      case '-A':
        this.#add(rest, end);
        break;
      default:
        throw new Fault(`expected create or add, found "${command?.text ?? ''}"`, 1);
    }
  }

  // --- create --------------------------------------------------------------------------------

  #create([name, type, ...words]: readonly Argument[], end: Argument): void {
    if (name === undefined || type === undefined) {
      throw new Fault('expected a name and a type', end.column);
    }
    if (!TYPES.has(type.text)) throw new Fault(`unknown set type "${type.text}"`, type.column);
    if (name.text.length > MAX_NAME) {
      throw new Fault(`expected a name of at most ${MAX_NAME} characters`, name.column);
    }
    if (this.#sets.has(name.text)) throw new Fault(`set ${name.text} is there twice`, name.column);
    const options = readOptions(words, CREATE_OPTIONS);
    const [method, dimensions] = type.text.split(':') as [SetMethod, string];
    const family = familyOf(options);
    this.#sets.set(name.text, {
      name: name.text,
      line: this.#number,
      type: type.text,
      method,
      dimensions: dimensions.split(',') as SetDimension[],
      family,
      ...bounds(type.text, options),
      addressMask: maskOf(options, family),
      markMask: read(options, 'markmask', u32),
      timeout: read(options, 'timeout', u32),
      counters: options.has('counters'),
      comment: options.has('comment'),
      skbinfo: options.has('skbinfo'),
      forceadd: options.has('forceadd'),
      wildcard: options.has('wildcard'),
      maxElements: read(options, 'maxelem', u32) ?? read(options, 'size', u32),
      hashSize: read(options, 'hashsize', u32),
      bucketSize: read(options, 'bucketsize', u32),
      initval: read(options, 'initval', u32),
      entries: [],
    });
  }

  // --- add -----------------------------------------------------------------------------------

  #add([name, element, ...words]: readonly Argument[], end: Argument): void {
    if (name === undefined || element === undefined) {
      throw new Fault('expected a set and an element', end.column);
    }
    const set = this.#sets.get(name.text);
    if (set === undefined) {
      throw new Fault(`set ${name.text} does not exist: expected a "create" before`, name.column);
    }
    const options = readOptions(words, ADD_OPTIONS);
    const needs = (option: string, has: boolean) => {
      const given = options.get(option);
      if (given === undefined || has) return;
      throw new Fault(`set ${set.name} was created without ${option}`, given.column);
    };
    needs('timeout', set.timeout !== null);
    needs('comment', set.comment);
    set.entries.push({
      line: this.#number,
      values: readElement(element, set, options.has('wildcard')),
      nomatch: options.has('nomatch'),
      timeout: read(options, 'timeout', u32),
      packets: read(options, 'packets', u64) ?? 0n,
      bytes: read(options, 'bytes', u64) ?? 0n,
      comment: read(options, 'comment', text),
      skbMark: read(options, 'skbmark', mark),
      skbPriority: read(options, 'skbprio', classId),
      skbQueue: read(options, 'skbqueue', u16),
      position: positionOf(options),
    });
  }

  /** Members of lists are sets, and no lists: the kernel has no loops. */
  #checkMembers(set: SetBuilder): void {
    if (set.method !== 'list') return;
    set.entries = set.entries.filter(({ line, values: [value] }) => {
      if (value?.kind !== 'set') return true;
      const member = this.#sets.get(value.name);
      if (member === undefined) this.#problem(`set ${value.name} does not exist`, 1, 'error', line);
      if (member?.method !== 'list') return true;
      this.#problem(`set ${value.name} is a list of sets itself`, 1, 'error', line);
      return false;
    });
  }
}

function readOptions(
  words: readonly Argument[],
  known: Readonly<Record<string, 0 | 1>>,
): OptionValues {
  const options = new Map<string, Argument>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as Argument;
    const values = namedIn(known, word.text);
    if (values === undefined) throw new Fault(`unknown option "${word.text}"`, word.column);
    if (values === 0) {
      options.set(word.text, word);
      continue;
    }
    const value = words[++i];
    if (value === undefined) throw new Fault(`${word.text} needs a value`, word.column);
    options.set(word.text, value);
  }
  return options;
}

function read<T>(options: OptionValues, name: string, reader: (arg: Argument) => T): T | null {
  const value = options.get(name);
  return value === undefined ? null : reader(value);
}

function familyOf(options: OptionValues): Family {
  const family = options.get('family');
  if (family === undefined || /^(inet|ipv4|-4)$/i.test(family.text)) return 4;
  if (/^(inet6|ipv6|-6)$/i.test(family.text)) return 6;
  throw new Fault(`expected inet or inet6, found "${family.text}"`, family.column);
}

/** The range of a bitmap, which it must have. */
function bounds(type: string, options: OptionValues): Pick<Ipset, 'addressRange' | 'portRange'> {
  const range = options.get('range');
  if (!type.startsWith('bitmap:')) return { addressRange: null, portRange: null };
  if (range === undefined) throw new Fault(`${type} needs a range`, 1);
  if (type === 'bitmap:port') return { addressRange: null, portRange: readPorts(range) };
  const { min, max } = readAddresses(range, 4);
  return { addressRange: { min, max }, portRange: null };
}

function maskOf(options: OptionValues, family: Family): bigint | null {
  const netmask = options.get('netmask');
  if (netmask !== undefined) {
    return prefixMask(prefixLen(netmask, { family, proto: null }), family);
  }
  const bitmask = options.get('bitmask');
  if (bitmask === undefined) return null;
  const mask = parseAddress(bitmask.text, family);
  if (mask !== null) return mask;
  const width = addressBits(family);
  throw new Fault(`expected a mask of ${width} bits, found "${bitmask.text}"`, bitmask.column);
}

function positionOf(options: OptionValues): IpsetEntry['position'] {
  const before = options.get('before');
  if (before !== undefined) return { where: 'before', name: before.text };
  const after = options.get('after');
  return after === undefined ? null : { where: 'after', name: after.text };
}
