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

/** Words of `line` from offset `from` on. Throws a Fault for a quote that is never closed. */
export function tokenize(line: string, from = 0): Token[] {
  const tokens: Token[] = [];
  let text = '';
  let start = -1;
  let at = from;
  const finish = () => {
    tokens.push({ text, start, end: at });
    text = '';
    start = -1;
  };
  while (at < line.length) {
    const char = line.charAt(at);
    if (char === '"') {
      if (start < 0) start = at;
      const quote = at++;
      while (at < line.length && line[at] !== '"') {
        if (line[at] === '\\') at++;
        text += line.charAt(at++);
      }
      if (at >= line.length) throw new Fault('this quote is never closed', quote + 1);
      at++;
      finish();
    } else if (char === ' ' || char === '\t') {
      if (start >= 0) finish();
      at++;
    } else {
      if (start < 0) start = at;
      text += char;
      at++;
    }
  }
  if (start >= 0) finish();
  return tokens;
}
