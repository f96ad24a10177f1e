/**
 * JSON with places: every value knows its offset, so that a wrong address in a snapshot is reported
 * with line and column, and what came before a syntax error (a file cut short) is still returned.
 * JSON.parse gives neither.
 */
export interface JsonObject {
  readonly kind: 'object';
  readonly offset: number;
  readonly members: ReadonlyMap<string, JsonValue>;
}

export interface JsonArray {
  readonly kind: 'array';
  readonly offset: number;
  readonly items: readonly JsonValue[];
}

export type JsonScalar =
  | { readonly kind: 'string'; readonly offset: number; readonly value: string }
  | { readonly kind: 'number'; readonly offset: number; readonly value: number }
  | { readonly kind: 'boolean'; readonly offset: number; readonly value: boolean }
  | { readonly kind: 'null'; readonly offset: number };

export type JsonValue = JsonObject | JsonArray | JsonScalar;

/** Offsets count UTF-16 units from 0; an offset at the end of the text means it ends too early. */
export interface JsonFault {
  readonly offset: number;
  /** What was expected, as in "expected ',' or ']'". */
  readonly message: string;
}

export interface JsonResult {
  /**
   * null where nothing could be read. After a fault: arrays hold the items that were complete, an
   * object that was cut is kept only as the root.
   */
  readonly value: JsonValue | null;
  readonly fault: JsonFault | null;
}

/** Nothing that the snapshot's commands write comes near; deeper text is refused, not recursed. */
const MAX_DEPTH = 100;

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN = /(?:[^"\\\p{Cc}]|[\x7f-\x9f])*/uy;
const SPACE = /[ \t\r\n]*/y;
const WORD = /[a-z]*/y;

class Parser {
  readonly text: string;
  at = 0;
  depth = 0;
  fault: JsonFault | null = null;

  constructor(text: string) {
    this.text = text;
  }

  /** Records the first fault; null for the callers to return. */
  fail(message: string, offset = this.at): null {
    this.fault ??= { offset, message };
    return null;
  }

  skipSpace(): void {
    this.match(SPACE);
  }

  /** Consumes `char` if it comes next. */
  take(char: string): boolean {
    this.skipSpace();
    if (this.text.charAt(this.at) !== char) return false;
    this.at++;
    return true;
  }

  match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  value(): JsonValue | null {
    this.skipSpace();
    const char = this.text.charAt(this.at);
    if (char === '{' || char === '[') return this.nested(char);
    const offset = this.at;
    if (char === '"') {
      const value = this.string();
      return value === null ? null : { kind: 'string', offset, value };
    }
    if (/[-\d]/.test(char)) {
      const digits = this.match(NUMBER);
      if (digits === '') return this.fail('expected a number');
      return { kind: 'number', offset, value: Number(digits) };
    }
    return this.word(offset);
  }

  word(offset: number): JsonValue | null {
    const word = this.match(WORD);
    if (word === 'true' || word === 'false') {
      return { kind: 'boolean', offset, value: word === 'true' };
    }
    if (word === 'null') return { kind: 'null', offset };
    return this.fail('expected a JSON value', offset);
  }

  nested(open: '{' | '['): JsonValue | null {
    if (this.depth === MAX_DEPTH) return this.fail(`nested deeper than ${MAX_DEPTH} levels`);
    this.depth++;
    const value = open === '{' ? this.object() : this.array();
    this.depth--;
    return value;
  }

  array(): JsonArray {
    const offset = this.at++;
    const items: JsonValue[] = [];
    if (this.take(']')) return { kind: 'array', offset, items };
    for (;;) {
      const item = this.value();
      // An object that was cut has lost members: better none than one that seems whole.
      if (item !== null && (this.fault === null || item.kind === 'array')) items.push(item);
      if (this.fault !== null) break;
      if (this.take(']')) break;
      if (!this.take(',')) {
        this.fail("expected ',' or ']'");
        break;
      }
    }
    return { kind: 'array', offset, items };
  }

  object(): JsonObject {
    const offset = this.at++;
    const members = new Map<string, JsonValue>();
    if (this.take('}')) return { kind: 'object', offset, members };
    while (this.member(members)) {
      if (this.take('}')) break;
      if (!this.take(',')) {
        this.fail("expected ',' or '}'");
        break;
      }
    }
    return { kind: 'object', offset, members };
  }

  /** One `"name": value` into `members`; false after a fault. */
  member(members: Map<string, JsonValue>): boolean {
    this.skipSpace();
    if (this.text.charAt(this.at) !== '"') {
      this.fail('expected a name in double quotes');
      return false;
    }
    const name = this.string();
    if (name === null) return false;
    if (!this.take(':')) {
      this.fail("expected ':'");
      return false;
    }
    const value = this.value();
    if (value !== null) members.set(name, value);
    return this.fault === null;
  }

  string(): string | null {
    const start = this.at++;
    let value = '';
    for (;;) {
      value += this.match(PLAIN);
      const char = this.text.charAt(this.at);
      if (char === '"') {
        this.at++;
        return value;
      }
      if (char !== '\\') {
        if (char === '') return this.fail('the string that begins here does not end', start);
        return this.fail('control character in a string');
      }
      const escaped = this.escape();
      if (escaped === null) return this.fail('unknown escape in a string');
      value += escaped;
    }
  }

  escape(): string | null {
    const code = this.text.charAt(this.at + 1);
    if (code === 'u') {
      const hex = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) return null;
      this.at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const char = Object.hasOwn(ESCAPES, code) ? ESCAPES[code] : undefined;
    if (char === undefined) return null;
    this.at += 2;
    return char;
  }
}

/** Parses one JSON document (RFC 8259). Never throws. */
export function parseJson(text: string): JsonResult {
  const parser = new Parser(text);
  const value = parser.value();
  if (parser.fault === null) {
    parser.skipSpace();
    if (parser.at < text.length) parser.fail('expected the end of the file');
  }
  return { value, fault: parser.fault };
}
