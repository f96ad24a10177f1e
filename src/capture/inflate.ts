/**
 * Deflate (RFC 1951) in plain TypeScript, symbol by symbol. node:zlib is several times as fast, but
 * what it has decompressed of a step in which it meets damage is lost; this reads up to the symbol
 * that is damaged and says where it stands. It refuses what zlib's inflate() refuses.
 */
import { buildCode, type Code, MAX_CODE_BITS } from './huffman.ts';

const WINDOW = 32 * 1024;
const ROOM = 3 * WINDOW;
const LONGEST_MATCH = 258;

const STORED = 0;
const FIXED = 1;
const DYNAMIC = 2;

const END_OF_BLOCK = 256;
const LITERAL_CODES = 286;
const DISTANCE_CODES = 30;
/** In this order are the lengths of the code that the other codes' lengths are written in. */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

// RFC 1951 3.2.5: of length symbol 257 + i and of distance symbol i
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
  163, 195, 227, 258,
];
const LENGTH_EXTRA = [
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049,
  3073, 4097, 6145, 8193, 12289, 16385, 24577,
];

const FIXED_LITERALS = buildCode(
  Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)),
);
const FIXED_DISTANCES = buildCode(new Array<number>(32).fill(5));

/** The input ends within a symbol: not an error, more may come. */
const STARVED = Symbol('starved');

/** Inflates what is pushed, until the stream's end, damage, or the end of what is there. */
export class Inflater {
  /** What was inflated and not taken yet. */
  output: Uint8Array[] = [];
  isOver = false;
  #input: Uint8Array = new Uint8Array(0);
  #at = 0; // next byte of the input …
  #base = 0; // … which begins with this byte of the stream
  #bits = 0;
  #bitCount = 0;
  #markedAt = 0;
  #markedBits = 0;
  #markedBitCount = 0;
  #isLast = false;
  #stored = 0; // bytes left of a stored block
  #codes: { readonly literals: Code; readonly distances: Code } | undefined;
  readonly #window = new Uint8Array(WINDOW + ROOM);
  #begin = 0; // of what is not in `output` yet
  #end = 0;
  #total = 0;

  /** Byte of the stream in which the next symbol begins: after an error, the damaged one. */
  get position(): number {
    return this.#base + this.#at - (this.#bitCount >> 3);
  }

  /** Throws an Error where the stream is damaged, with all before it in `output`. */
  push(piece: Uint8Array): void {
    const rest = this.#input.subarray(this.#at);
    this.#base += this.#at;
    this.#input = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    this.#at = 0;
    try {
      while (!this.isOver) this.#step();
    } catch (error) {
      // undone is what was read since the mark, so what comes next can begin with it again
      this.#at = this.#markedAt;
      this.#bits = this.#markedBits;
      this.#bitCount = this.#markedBitCount;
      if (error !== STARVED) throw error;
    } finally {
      this.#flush();
    }
  }

  /** All before this is read for good; what begins here is read whole or not at all. */
  #mark(): void {
    this.#markedAt = this.#at;
    this.#markedBits = this.#bits;
    this.#markedBitCount = this.#bitCount;
  }

  #step(): void {
    this.#mark();
    if (this.#stored > 0) this.#copyStored();
    else if (this.#codes) this.#symbols(this.#codes.literals, this.#codes.distances);
    else if (this.#isLast) this.isOver = true;
    else this.#header();
  }

  #header(): void {
    const isLast = this.#take(1) === 1;
    const type = this.#take(2);
    if (type === STORED) {
      this.#take(this.#bitCount & 7);
      const length = this.#take(16);
      if (this.#take(16) !== (~length & 0xffff)) throw new Error('invalid stored block lengths');
      this.#stored = length;
    } else if (type === FIXED) {
      this.#codes = { literals: FIXED_LITERALS, distances: FIXED_DISTANCES };
    } else if (type === DYNAMIC) {
      this.#codes = this.#dynamicCodes();
    } else {
      throw new Error('invalid block type');
    }
    this.#isLast = isLast;
  }

  #dynamicCodes(): { literals: Code; distances: Code } {
    const literals = this.#take(5) + 257;
    const distances = this.#take(5) + 1;
    const orderLength = this.#take(4) + 4;
    if (literals > LITERAL_CODES || distances > DISTANCE_CODES) {
      throw new Error('too many length or distance symbols');
    }
    const order = new Array<number>(LENGTH_ORDER.length).fill(0);
    for (const symbol of LENGTH_ORDER.slice(0, orderLength)) order[symbol] = this.#take(3);
    const lengths: number[] = [];
    const code = buildCode(order, 'code lengths');
    while (lengths.length < literals + distances) {
      const symbol = this.#symbol(code);
      if (symbol < 16) {
        lengths.push(symbol);
        continue;
      }
      const value = symbol === 16 ? lengths.at(-1) : 0;
      if (value === undefined) throw new Error('invalid bit length repeat');
      const times =
        symbol === 18 ? 11 + this.#take(7) : symbol === 17 ? 3 + this.#take(3) : 3 + this.#take(2);
      for (let i = 0; i < times; i++) lengths.push(value);
    }
    if (lengths.length > literals + distances) throw new Error('invalid bit length repeat');
    if (lengths[END_OF_BLOCK] === 0) throw new Error('invalid code -- missing end-of-block');
    return {
      literals: buildCode(lengths.slice(0, literals), 'literal/lengths'),
      distances: buildCode(lengths.slice(literals), 'distances'),
    };
  }

  #copyStored(): void {
    this.#makeRoom();
    const room = this.#window.length - this.#end;
    const length = Math.min(this.#stored, this.#input.length - this.#at, room);
    if (length === 0) throw STARVED;
    this.#window.set(this.#input.subarray(this.#at, this.#at + length), this.#end);
    this.#at += length;
    this.#end += length;
    this.#total += length;
    this.#stored -= length;
  }

  #symbols(literals: Code, distances: Code): void {
    while (this.#codes) {
      this.#mark();
      this.#literalOrMatch(literals, distances);
    }
  }

  #literalOrMatch(literals: Code, distances: Code): void {
    const symbol = this.#symbol(literals);
    if (symbol < END_OF_BLOCK) {
      this.#put(symbol);
    } else if (symbol === END_OF_BLOCK) {
      this.#codes = undefined;
    } else {
      const base = LENGTH_BASE[symbol - 257];
      if (base === undefined) throw new Error('invalid literal/length code');
      const length = base + this.#take(LENGTH_EXTRA[symbol - 257] ?? 0);
      const far = this.#symbol(distances);
      const distanceBase = DISTANCE_BASE[far];
      if (distanceBase === undefined) throw new Error('invalid distance code');
      const distance = distanceBase + this.#take(far < 4 ? 0 : (far >> 1) - 1);
      if (distance > Math.min(this.#total, WINDOW)) {
        throw new Error('invalid distance too far back');
      }
      for (let i = 0; i < length; i++) this.#put(this.#window[this.#end - distance] ?? 0);
    }
    this.#makeRoom();
  }

  #put(byte: number): void {
    this.#window[this.#end++] = byte;
    this.#total++;
  }

  #flush(): void {
    if (this.#end > this.#begin) this.output.push(this.#window.slice(this.#begin, this.#end));
    this.#begin = this.#end;
  }

  #makeRoom(): void {
    if (this.#end + LONGEST_MATCH < this.#window.length) return;
    this.#flush();
    this.#window.copyWithin(0, this.#end - WINDOW, this.#end);
    this.#begin = WINDOW;
    this.#end = WINDOW;
  }

  #fill(count: number): boolean {
    while (this.#bitCount < count) {
      if (this.#at === this.#input.length) return false;
      this.#bits |= (this.#input[this.#at++] ?? 0) << this.#bitCount;
      this.#bitCount += 8;
    }
    return true;
  }

  #take(count: number): number {
    if (!this.#fill(count)) throw STARVED;
    const value = this.#bits & ((1 << count) - 1);
    this.#bits >>>= count;
    this.#bitCount -= count;
    return value;
  }

  #symbol(code: Code): number {
    this.#fill(MAX_CODE_BITS); // near the end of the input there may be fewer, and suffice
    const entry = code.table[this.#bits & (code.table.length - 1)] ?? 0;
    const length = entry & 15;
    if (length > this.#bitCount || (length === 0 && this.#bitCount < code.longest)) throw STARVED;
    if (length === 0) throw new Error('invalid code');
    this.#bits >>>= length;
    this.#bitCount -= length;
    return entry >> 4;
  }
}
