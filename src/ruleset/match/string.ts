import { type Argument, type Extension, FLAG, VALUE, VALUE_OR_NOT } from '../extension.ts';
import { Fault } from '../fault.ts';
import { MAX_U16, oneOf, u16 } from '../readers.ts';
import type { Invertible } from '../values.ts';

/** -m string */
export interface StringMatch extends Invertible {
  readonly kind: 'string';
  readonly algorithm: 'bm' | 'kmp';
  /** Offsets from the start of the IP header; the pattern begins at `from` or later, below `to`. */
  readonly from: number;
  readonly to: number;
  readonly pattern: Uint8Array;
  readonly ignoreCase: boolean;
}

const MAX_PATTERN = 128; // XT_STRING_MAX_PATTERN_SIZE

function literalPattern(arg: Argument): Uint8Array {
  return checkLength(new TextEncoder().encode(arg.text), arg);
}

/** Text with hexadecimal bytes between bars (GET |2f 20| HTTP); a backslash quotes a character. */
function hexPattern(arg: Argument): Uint8Array {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (const piece of arg.text.match(/\\[\s\S]|\|[^|]*\|?|[\s\S]/gu) ?? []) {
    if (piece.startsWith('|')) {
      const digits = piece.endsWith('|') ? piece.slice(1, -1).replaceAll(' ', '') : '';
      if (piece.length < 2 || !piece.endsWith('|') || !/^([0-9a-f]{2})*$/i.test(digits)) {
        throw new Fault('expected pairs of hexadecimal digits between bars', arg.column);
      }
      for (const pair of digits.match(/../g) ?? []) bytes.push(Number.parseInt(pair, 16));
    } else {
      bytes.push(...encoder.encode(piece.length > 1 ? piece.slice(1) || piece : piece));
    }
  }
  return checkLength(Uint8Array.from(bytes), arg);
}

function checkLength(pattern: Uint8Array, arg: Argument): Uint8Array {
  if (pattern.length < 1 || pattern.length > MAX_PATTERN) {
    throw new Fault(`expected a pattern of 1 to ${MAX_PATTERN} bytes`, arg.column);
  }
  return pattern;
}

export const stringExtension: Extension<StringMatch> = {
  name: 'string',
  options: {
    from: VALUE,
    to: VALUE,
    algo: VALUE,
    string: VALUE_OR_NOT,
    'hex-string': VALUE_OR_NOT,
    icase: FLAG,
  },
  read: (options) => {
    const given = options.needOneOf(['string', 'hex-string']);
    return {
      kind: 'string',
      algorithm: options.required('algo', oneOf(['bm', 'kmp'] as const)),
      from: options.value('from', u16, 0),
      to: options.value('to', u16, MAX_U16),
      pattern: options.argument(given, given.id === 'string' ? literalPattern : hexPattern),
      ignoreCase: options.has('icase'),
      invert: given.invert,
    };
  },
};
