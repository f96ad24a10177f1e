import { describe, expect, test } from 'vitest';
import { tokenize } from '../../src/ruleset/lexer.ts';

const words = (line: string) => tokenize(line).map(({ text }) => text);

describe('words of a line', () => {
  test.for([
    ['a b', ['a', 'b']],
    ['  a \t b  ', ['a', 'b']],
    ['"a b" c', ['a b', 'c']],
    ['"a\\"b" "c\\\\"', ['a"b', 'c\\']],
    ['a\\b', ['a\\b']],
    ['a"b c"', ['ab c']],
    ['"a"b', ['a', 'b']],
    ['"" x', ['', 'x']],
    ["'a b'", ["'a", "b'"]],
    ['"\\n"', ['n']],
    ['', []],
  ] as const)('%s', ([line, expected]) => {
    expect(words(line)).toEqual(expected);
  });

  test('offsets take in the quotes', () => {
    expect(tokenize('-A "x y" z', 3)).toEqual([
      { text: 'x y', start: 3, end: 8 },
      { text: 'z', start: 9, end: 10 },
    ]);
  });

  test('a quote that is never closed is a fault at its column', () => {
    expect(() => tokenize('-A X "abc')).toThrowError(
      expect.objectContaining({ message: 'this quote is never closed', column: 6 }),
    );
  });
});
