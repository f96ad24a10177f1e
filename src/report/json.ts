import type { UnknownReport } from '../analysis/compare.ts';
import type { ReplayResult } from '../analysis/result.ts';

/** The `--json` document: the result as it is, pretty-printed, ending in a newline. */
export function jsonReport(result: ReplayResult, unknown: UnknownReport | null): string {
  const document = unknown === null ? result : { ...result, unknown };
  return `${JSON.stringify(document, null, 2)}\n`;
}
