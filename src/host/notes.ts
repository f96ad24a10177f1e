/** What the readers of a snapshot report: defaults they used, problems they found. */
import { type DockfwError, HostError, type Severity } from '../errors.ts';
import type { Assumption } from './host.ts';

/** Lines longer than this are not quoted: `ip -j` writes its whole answer on one. */
const QUOTED_LINE_LENGTH = 160;

/** Problems reported of one file; in a file of another kind every line would be one. */
const MAX_PROBLEMS = 20;

export class Notes {
  readonly assumed: Assumption[] = [];
  problems: DockfwError[] = [];

  assume(file: string, text: string): void {
    this.assumed.push({ file, text });
  }
}

/** One file's text; problems name lines and columns in it. */
export class SourceText {
  /** As a problem names the file. */
  readonly path: string;
  readonly text: string;
  readonly notes: Notes;
  private reported = 0;

  constructor(path: string, text: string, notes: Notes) {
    this.path = path;
    this.text = text;
    this.notes = notes;
  }

  /** Reports `message` at an offset (UTF-16 units from 0). */
  problem(offset: number, message: string, severity: Severity = 'error'): void {
    if (++this.reported > MAX_PROBLEMS) {
      if (this.reported > MAX_PROBLEMS + 1) return;
      const place = { file: this.path };
      this.notes.problems.push(new HostError('further problems are not listed', place, 'warning'));
      return;
    }
    const before = this.text.slice(0, offset);
    const lineStart = before.lastIndexOf('\n') + 1;
    const lineEnd = this.text.indexOf('\n', lineStart);
    const source = this.text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).trimEnd();
    let line = 1;
    for (let i = before.indexOf('\n'); i >= 0; i = before.indexOf('\n', i + 1)) line++;
    const place = {
      file: this.path,
      line,
      column: offset - lineStart + 1,
      sourceLine: source.length > QUOTED_LINE_LENGTH ? undefined : source,
    };
    this.notes.problems.push(new HostError(message, place, severity));
  }

  /**
   * Nothing was found in the file: what was reported of it, if there are errors, becomes one, where
   * the first is. `command` is what writes such files.
   */
  nothingFound(command: string): void {
    const own = this.notes.problems.filter(({ file }) => file === this.path);
    const first = own.find(({ severity }) => severity === 'error');
    if (first === undefined) return;
    const message = `${first.message}; nothing in the file can be used: expected what`;
    this.notes.problems = this.notes.problems.filter((problem) => !own.includes(problem));
    this.notes.problems.push(new HostError(`${message} ${command} writes`, first));
  }
}
