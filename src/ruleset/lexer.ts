/**
 * Words of a rule line, cut as iptables-restore cuts them (iptables/xshared.c, add_param_to_argv):
 * blanks separate words; inside double quotes a backslash takes the next character as it is; the
 * closing quote ends the word, so `"a"b` is two words and `a"b"` is one.
 */
import { Fault } from './fault.ts';

export interface Token {
  readonly text: string;
  /** Offset of the first character and behind the last one, 0-based, quotes included. */
  readonly start: number;
  readonly end: number;
}

/** What is neither blank nor quote, and what a backslash does not change within quotes. */
const PLAIN = /[^ \t"]+/y;
const QUOTED = /[^"\\]+/y;

/** The text that a sticky pattern takes at `at`. */
function run(pattern: RegExp, line: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(line)?.[0] ?? '';
}

/** Words of `line` from offset `from` on. Throws a Fault for a quote that is never closed. */
export function tokenize(line: string, from = 0): Token[] {
  const tokens: Token[] = [];
  let at = from;
  while (at < line.length) {
    if (line[at] === ' ' || line[at] === '\t') {
      at++;
      continue;
    }
    const start = at;
    let text = run(PLAIN, line, at);
    at += text.length;
    if (line[at] === '"') {
      const quoted = unquote(line, at);
      text += quoted.text;
      at = quoted.end;
    }
    tokens.push({ text, start, end: at });
  }
  return tokens;
}

/** What stands between the quote at `open` and its closing one; `end` is behind that. */
function unquote(line: string, open: number): { readonly text: string; readonly end: number } {
  let text = '';
  let at = open + 1;
  while (at < line.length && line[at] !== '"') {
    const plain = run(QUOTED, line, at);
    if (plain === '') text += line.charAt(++at);
    text += plain;
    at += plain === '' ? 1 : plain.length;
  }
  if (at >= line.length) throw new Fault('this quote is never closed', open + 1);
  return { text, end: at + 1 };
}
