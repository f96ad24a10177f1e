/** The text of a rule as it is kept: the source line with a few words changed. */
import type { Token } from './lexer.ts';

export interface Edit {
  readonly start: number;
  readonly end: number;
  /** Empty: the blanks behind go as well. */
  readonly text: string;
}

export function replacing(token: Pick<Token, 'start' | 'end'>, text: string): Edit {
  return { start: token.start, end: token.end, text };
}

/** `line` from offset `from` on, edited. */
export function editedText(line: string, from: number, edits: readonly Edit[]): string {
  let text = '';
  let at = from;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    text += line.slice(at, edit.start) + edit.text;
    at = edit.end;
    if (edit.text === '') while (/[ \t]/.test(line.charAt(at))) at++;
  }
  return text + line.slice(at);
}
