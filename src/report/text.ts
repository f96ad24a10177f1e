import type { UnknownReport } from '../analysis/compare.ts';
import type { ReplayResult } from '../analysis/result.ts';
import { printable } from '../printable.ts';
import { decisionSection } from './decisions.ts';
import { captureSection, hostSection, speedSection } from './facts.ts';
import { matrixSection } from './matrix.ts';
import { classSection, evidenceSection, natSection, unknownSection } from './outcome.ts';
import { style } from './style.ts';

export interface TextOptions {
  readonly colors: boolean;
  /** Columns of the terminal; long rules are cut to it. */
  readonly width: number;
  readonly unknown: UnknownReport | null;
}

const MIN_WIDTH = 60;

/** The report for people: it fits a screen. Its first line says which host was used. */
export function textReport(result: ReplayResult, options: TextOptions): string {
  const look = style(options.colors);
  const width = Math.max(MIN_WIDTH, options.width);
  const { capture, host } = result;
  const [name, source] = [capture.name, host.source].map((path) => look.strong(printable(path)));
  const sections = [
    [`${name} on ${source}`],
    [...captureSection(result, look), ...hostSection(result, look, width)],
    classSection(result, look, width),
    matrixSection(result, look, width),
    decisionSection(result, look, width),
    [
      ...natSection(result, look),
      ...evidenceSection(result, look, width),
      ...unknownSection(options.unknown, look),
      ...speedSection(result, look),
    ],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}
