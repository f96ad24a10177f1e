/** Canonical Huffman codes of deflate (RFC 1951 3.2.2), looked up by their next 15 bits. */
export const MAX_CODE_BITS = 15;

export interface Code {
  /** By the next `longest` bits of the stream: symbol << 4 | length; 0: no such code. */
  readonly table: Uint16Array;
  readonly longest: number;
}

/** By the code lengths of the symbols from 0 on. `what` it is a code of, where it may be wrong. */
export function buildCode(lengths: readonly number[], what = 'code'): Code {
  const longest = Math.max(0, ...lengths);
  const counts = new Array<number>(MAX_CODE_BITS + 1).fill(0);
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
  counts[0] = 0;
  let left = 1;
  const next = [0, 0];
  let code = 0;
  for (let length = 1; length <= MAX_CODE_BITS; length++) {
    const count = counts[length] ?? 0;
    left = left * 2 - count;
    if (left < 0) throw new Error(`invalid ${what} set`);
    next[length] = code;
    code = (code + count) << 1;
  }
  // as inflate_table() of zlib: one code of one bit may stand alone, and a block may have no
  // matches
  const mayLack = what !== 'code lengths' && longest <= 1;
  if (left > 0 && !mayLack) throw new Error(`invalid ${what} set`);
  const table = new Uint16Array(1 << longest);
  lengths.forEach((length, symbol) => {
    if (length === 0) return;
    const number = next[length] ?? 0;
    next[length] = number + 1;
    const first = reversed(number, length);
    for (let at = first; at < table.length; at += 1 << length) table[at] = (symbol << 4) | length;
  });
  return { table, longest };
}

function reversed(code: number, length: number): number {
  let result = 0;
  for (let i = 0; i < length; i++) result |= ((code >> i) & 1) << (length - 1 - i);
  return result;
}
