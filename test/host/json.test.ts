import { expect, test } from 'vitest';
import { type JsonValue, parseJson } from '../../src/host/json.ts';

function plain(value: JsonValue | null): unknown {
  if (value === null || value.kind === 'null') return null;
  if (value.kind === 'array') return value.items.map(plain);
  if (value.kind !== 'object') return value.value;
  return Object.fromEntries([...value.members].map(([key, member]) => [key, plain(member)]));
}

test.each([
  '[]',
  ' [ ] \n',
  '{"a":[1,-2.5e3,0.00],"b":{"c":null,"d":true},"e":false}',
  String.raw`["\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00","é😀 plain"]`,
  '"alone"',
])('%s is what JSON.parse reads', (text) => {
  const { value, fault } = parseJson(text);
  expect(fault).toBeNull();
  expect(plain(value)).toEqual(JSON.parse(text));
});

test('every value knows where it begins', () => {
  const text = '[{"dst": "10.0.0.0/8"}, 7]';
  const { value } = parseJson(text);
  const items = value?.kind === 'array' ? value.items : [];
  const dst = items[0]?.kind === 'object' ? items[0].members.get('dst') : undefined;
  expect(items.map((item) => item.offset)).toEqual([1, 24]);
  expect(dst?.offset).toBe(9);
});

test.each([
  ['', 0, 'expected a JSON value'],
  ['[1,]', 3, 'expected a JSON value'],
  ['[1 2]', 3, "expected ',' or ']'"],
  ['{"a" 1}', 5, "expected ':'"],
  ['{a: 1}', 1, 'expected a name in double quotes'],
  ['["ab', 1, 'the string that begins here does not end'],
  ['["a\nb"]', 3, 'control character in a string'],
  [String.raw`["\x"]`, 2, 'unknown escape in a string'],
  ['[] []', 3, 'expected the end of the file'],
  ['[01]', 2, "expected ',' or ']'"],
  ['[-]', 1, 'expected a number'],
  ['[nul]', 1, 'expected a JSON value'],
])('%j is at fault at %i: %s', (text, offset, message) => {
  expect(parseJson(text).fault).toEqual({ offset, message });
});

test('what was complete before the end of a cut file is kept', () => {
  expect(plain(parseJson('[{"a":1},{"b":[1,2],"c":{').value)).toEqual([{ a: 1 }]);
  expect(plain(parseJson('{"nftables":[{"a":1},{"b":').value)).toEqual({ nftables: [{ a: 1 }] });
});

test('deep nesting is refused, not recursed into', () => {
  const { fault } = parseJson('['.repeat(1_000_000));
  expect(fault?.message).toBe('nested deeper than 100 levels');
});
