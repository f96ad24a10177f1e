import { printable } from '../printable.ts';

/** A cell: its text, as it was read, and how to colour it once it has been padded. */
export interface Cell {
  readonly text: string;
  readonly paint?: ((text: string) => string) | undefined;
}

export type Align = 'left' | 'right';

const GAP = '  ';
export const GAP_WIDTH = GAP.length;

/** Lines of a table with columns as wide as they need to be; no line ends in spaces. */
export function table(rows: readonly (readonly Cell[])[], aligns: readonly Align[]): string[] {
  const widths = columnWidths(rows);
  return rows.map((row) => {
    const last = row.findLastIndex(({ text }) => text !== '');
    return row
      .slice(0, last + 1)
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const right = aligns[column] === 'right';
        const text = printable(cell.text);
        const padded = right ? text.padStart(width) : column === last ? text : text.padEnd(width);
        return cell.paint ? cell.paint(padded) : padded;
      })
      .join(GAP);
  });
}

/** Columns that a table takes. */
export function tableWidth(rows: readonly (readonly Cell[])[]): number {
  const widths = columnWidths(rows);
  return widths.reduce((sum, width) => sum + width, 0) + GAP_WIDTH * (widths.length - 1);
}

function columnWidths(rows: readonly (readonly Cell[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach(({ text }, column) => {
      widths[column] = Math.max(widths[column] ?? 0, text.length);
    });
  }
  return widths;
}
