/**
 * What a word of a file names in a table. What every object has ("constructor") is no name.
 */
export function namedIn<Value>(
  table: Readonly<Record<string, Value>>,
  word: string,
): Value | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}
