import type { MatrixCell, ReplayResult } from '../analysis/result.ts';
import { count, cut, plural } from './format.ts';
import type { Style } from './style.ts';
import { type Cell, table, tableWidth } from './table.ts';

const LISTED = 10;
/** Columns of a network's name. */
const NAME_WIDTH = 40;

function nameCell(name: string): Cell {
  return { text: cut(name, NAME_WIDTH) };
}

/** Connections from network to network: a grid, or, with too many networks for it, the largest. */
export function matrixSection({ matrix }: ReplayResult, look: Style, width: number): string[] {
  if (matrix.length === 0) return [];
  const grid = gridRows(matrix, look);
  return tableWidth(grid) <= width
    ? table(grid, ['left', ...grid.map(() => 'right' as const)])
    : list(matrix, look);
}

function gridRows(matrix: readonly MatrixCell[], look: Style): Cell[][] {
  const sources = unique(matrix.map(({ from }) => from));
  const all = unique([...sources, ...matrix.map(({ to }) => to)]);
  const destinations = all.filter((name) => matrix.some(({ to }) => to === name));
  const heads = [{ text: 'From \\ to' }, ...destinations.map(nameCell)];
  return [
    heads.map(({ text }) => ({ text, paint: look.heading })),
    ...sources.map((from) => [
      nameCell(from),
      ...destinations.map((to) => {
        const cell = matrix.find((other) => other.from === from && other.to === to);
        return cell === undefined ? { text: '·', paint: look.faint } : amount(cell, look);
      }),
    ]),
  ];
}

/** "12", "12 -3" with three dropped, "-3" with nothing but drops. */
function amount({ accepted, dropped }: MatrixCell, look: Style): Cell {
  if (dropped === 0) return { text: count(accepted), paint: look.good };
  const drops = `-${count(dropped)}`;
  return accepted === 0
    ? { text: drops, paint: look.bad }
    : { text: `${count(accepted)} ${drops}`, paint: look.caution };
}

function list(matrix: readonly MatrixCell[], look: Style): string[] {
  const largest = [...matrix]
    .sort((a, b) => b.accepted + b.dropped - (a.accepted + a.dropped))
    .slice(0, LISTED);
  const more = matrix.length - largest.length;
  return [
    look.heading('Connections'),
    ...table(
      largest.map((cell) => [
        nameCell(cell.from),
        { text: '→' },
        nameCell(cell.to),
        amount(cell, look),
      ]),
      ['left', 'left', 'left', 'right'],
    ),
    ...(more > 0 ? [`and ${plural(more, 'pair')} more, see --json`] : []),
  ];
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
