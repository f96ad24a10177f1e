import { type Argument, type Extension, VALUE_OR_NOT } from '../extension.ts';
import { Fault } from '../fault.ts';
import { MAX_U32, parseUnsigned } from '../readers.ts';
import type { Invertible, NumberRange } from '../values.ts';

/** `&`, `<<`, `>>` change the value; `@` moves the base of the offset by the value. */
export interface U32Step {
  readonly op: '&' | '<<' | '>>' | '@';
  readonly number: number;
}

/** Four bytes at `offset`, big endian, through `steps`, lie in one of `ranges`. */
export interface U32Test {
  readonly offset: number;
  readonly steps: readonly U32Step[];
  readonly ranges: readonly NumberRange[];
}

/** -m u32: all tests hold. */
export interface U32Match extends Invertible {
  readonly kind: 'u32';
  readonly tests: readonly U32Test[];
}

const MAX_ITEMS = 10; // XT_U32_MAXSIZE

/** `0>>22&0x3C@4=0x1:0x5,7 && …`: a cursor over the program's text. */
class Program {
  readonly #arg: Argument;
  #at = 0;

  constructor(arg: Argument) {
    this.#arg = arg;
  }

  /** The next piece, if it is one that `pattern` (sticky) takes. */
  take(pattern: RegExp): string | null {
    this.#skipBlanks();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#arg.text)?.[0];
    if (found === undefined) return null;
    this.#at += found.length;
    return found;
  }

  number(): number {
    const digits = this.take(/0x[0-9a-f]+|\d+/iy);
    const value = digits === null ? null : parseUnsigned(digits);
    if (value === null || value > MAX_U32) throw this.expected('a 32-bit number');
    return Number(value);
  }

  atEnd(): boolean {
    this.#skipBlanks();
    return this.#at >= this.#arg.text.length;
  }

  expected(what: string): Fault {
    return new Fault(`expected ${what}`, this.#arg.column + this.#at);
  }

  #skipBlanks(): void {
    while (/\s/.test(this.#arg.text.charAt(this.#at))) this.#at++;
  }
}

function location(program: Program): Pick<U32Test, 'offset' | 'steps'> {
  const offset = program.number();
  const steps: U32Step[] = [];
  while (program.take(/=/y) === null) {
    const op = program.take(/<<|>>|&|@/y);
    if (op === null) throw program.expected('=, &, <<, >> or @');
    if (steps.length + 1 === MAX_ITEMS) throw program.expected(`at most ${MAX_ITEMS} numbers`);
    steps.push({ op: op as U32Step['op'], number: program.number() });
  }
  return { offset, steps };
}

function ranges(program: Program): NumberRange[] {
  const found: NumberRange[] = [];
  do {
    const min = program.number();
    found.push({ min, max: program.take(/:/y) === null ? min : program.number() });
    if (found.length > MAX_ITEMS) throw program.expected(`at most ${MAX_ITEMS} ranges`);
  } while (program.take(/,/y) !== null);
  return found;
}

function tests(arg: Argument): U32Test[] {
  const program = new Program(arg);
  const found: U32Test[] = [];
  do {
    found.push({ ...location(program), ranges: ranges(program) });
    if (found.length > MAX_ITEMS) throw program.expected(`at most ${MAX_ITEMS} tests`);
  } while (program.take(/&&/y) !== null);
  if (!program.atEnd()) throw program.expected('"," or "&&"');
  return found;
}

export const u32Extension: Extension<U32Match> = {
  name: 'u32',
  options: { u32: VALUE_OR_NOT },
  read: (options) => ({
    kind: 'u32',
    tests: options.required('u32', tests),
    invert: options.need('u32').invert,
  }),
};
