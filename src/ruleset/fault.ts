/**
 * Something in one line cannot be understood: thrown by readers of single options, caught where the
 * file and line are known and turned into a problem. `column` is 1-based, of the whole line.
 */
export class Fault extends Error {
  readonly column: number;
  constructor(message: string, column: number) {
    super(message);
    this.column = column;
  }
}
