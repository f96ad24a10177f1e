/**
 * What can go wrong, one class per cause. `code` is stable and meant for programs; `message` is for
 * people and says what was expected. Problems are collected where work can go on without the bad
 * part, and thrown where it cannot.
 */
import { printable } from './printable.ts';

/** Where in a file a problem is. Line and column are 1-based. */
export interface Place {
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly sourceLine?: string | undefined;
}

/** 'warning': the answer stands, but its reader should know. */
export type Severity = 'error' | 'warning';

export class DockfwError extends Error {
  override readonly name: string = 'DockfwError';
  readonly code: string;
  readonly severity: Severity;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly sourceLine: string | undefined;

  constructor(
    code: string,
    message: string,
    place: Place = {},
    options: { readonly severity?: Severity; readonly cause?: unknown } = {},
  ) {
    const { cause } = options;
    super(printable(message), cause === undefined ? undefined : { cause });
    this.code = code;
    this.severity = options.severity ?? 'error';
    this.file = place.file;
    this.line = place.line;
    this.column = place.column;
    this.sourceLine = place.sourceLine;
  }

  /**
   * `file:line:column: message`, with the source line and a caret under the column; of a long
   * message its beginning, of a long line what is around the column.
   */
  format(): string {
    const at = [this.file, this.line, this.column].filter((part) => part !== undefined).join(':');
    const text = printable(at === '' ? this.message : `${at}: ${this.message}`);
    const head = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
    if (this.sourceLine === undefined) return head;
    const fault = (this.column ?? 1) - 1;
    const from = Math.max(0, fault - SHOWN_BEFORE);
    const before = (from > 0 ? '…' : '') + printable(this.sourceLine.slice(from, fault));
    const behind = printable(this.sourceLine.slice(fault, from + SHOWN));
    const more = this.sourceLine.length > from + SHOWN ? '…' : '';
    const source = `${head}\n  ${before}${behind}${more}`;
    return this.column === undefined ? source : `${source}\n  ${before.replace(/[^\t]/g, ' ')}^`;
  }
}

/** Characters of a message or source line that are shown, and of these before the column at fault. */
const SHOWN = 400;
const SHOWN_BEFORE = 300;

/** The command line or an option of a library call is wrong. */
export class UsageError extends DockfwError {
  override readonly name = 'UsageError';
  constructor(message: string) {
    super('USAGE', message);
  }
}

/** A file cannot be opened or read. */
export class FileError extends DockfwError {
  override readonly name = 'FileError';
  constructor(message: string, file: string, cause?: unknown) {
    super('FILE', message, { file }, { cause });
  }
}

/** A capture cannot be read, or not beyond `offset` (bytes of the decompressed stream). */
export class CaptureError extends DockfwError {
  override readonly name = 'CaptureError';
  readonly offset: number | undefined;
  constructor(message: string, file: string, offset?: number, cause?: unknown) {
    super('CAPTURE', message, { file }, { cause });
    this.offset = offset;
  }
}

/** A file of the host snapshot does not say what it should. */
export class HostError extends DockfwError {
  override readonly name = 'HostError';
  constructor(message: string, place: Place, severity: Severity = 'error', cause?: unknown) {
    super('HOST', message, place, { severity, cause });
  }
}

/** Rules and host cannot be turned into the core's input. */
export class CompileError extends DockfwError {
  override readonly name = 'CompileError';
  constructor(message: string, place: Place = {}, severity: Severity = 'error') {
    super('COMPILE', message, place, { severity });
  }
}

/** The core refused its input or ran out of memory: `status` is a STATUS_* of abi.ts. */
export class CoreError extends DockfwError {
  override readonly name = 'CoreError';
  readonly status: number;
  constructor(message: string, status: number) {
    super('CORE', message);
    this.status = status;
  }
}

/** A line of a rule set does not follow the grammar. */
export class RulesetSyntaxError extends DockfwError {
  override readonly name = 'RulesetSyntaxError';
  constructor(message: string, place: Place, severity: Severity = 'error') {
    super('RULESET_SYNTAX', message, place, { severity });
  }
}

/** A match or target that is not known; the rule keeps an `unknown` node in its place. */
export class UnknownExtensionError extends DockfwError {
  override readonly name = 'UnknownExtensionError';
  readonly extension: string;
  readonly extensionKind: 'match' | 'target';
  constructor(message: string, place: Place, extension: string, extensionKind: 'match' | 'target') {
    super('UNKNOWN_EXTENSION', message, place);
    this.extension = extension;
    this.extensionKind = extensionKind;
  }
}

/** A rule jumps to a chain that the table does not have, or that cannot be jumped to. */
export class ChainReferenceError extends DockfwError {
  override readonly name = 'ChainReferenceError';
  readonly table: string;
  readonly chain: string;
  constructor(message: string, place: Place, table: string, chain: string) {
    super('CHAIN_REFERENCE', message, place);
    this.table = table;
    this.chain = chain;
  }
}

/** Chains that jump to each other in a circle: `path` begins and ends with the same chain. */
export class ChainLoopError extends DockfwError {
  override readonly name = 'ChainLoopError';
  readonly table: string;
  readonly path: readonly string[];
  constructor(message: string, place: Place, table: string, path: readonly string[]) {
    super('CHAIN_LOOP', message, place);
    this.table = table;
    this.path = path;
  }
}

/** A line of `ipset save` does not follow its grammar, or contradicts its set. */
export class IpsetError extends DockfwError {
  override readonly name = 'IpsetError';
  constructor(message: string, place: Place, severity: Severity = 'error') {
    super('IPSET', message, place, { severity });
  }
}
