/** JSON as a case is written: one line for each line of a text, and for each element of a list. */

const INDENT = '  ';

/** Objects and lists that are elements of a list stay on their line, and so do numbers. */
function lines(value: unknown, indent: string): string {
  const inner = indent + INDENT;
  if (Array.isArray(value) && value.length > 0 && typeof value[0] !== 'number') {
    const elements = value.map((element) => `${inner}${JSON.stringify(element)}`);
    return `[\n${elements.join(',\n')}\n${indent}]`;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const entries = Object.entries(value).map(
      ([key, element]) => `${inner}${JSON.stringify(key)}: ${lines(element, inner)}`,
    );
    return entries.length === 0 ? '{}' : `{\n${entries.join(',\n')}\n${indent}}`;
  }
  return JSON.stringify(value);
}

export function caseText(value: object): string {
  return `${lines(value, '')}\n`;
}
