import type { UnknownReport } from '../analysis/compare.ts';
import type { ReplayResult, Totals } from '../analysis/result.ts';
import { printable } from '../printable.ts';
import { block, LABEL_WIDTH } from './facts.ts';
import { bytes, count, cut, plural } from './format.ts';
import type { Style } from './style.ts';
import { type Cell, table, tableWidth } from './table.ts';
import { CLASS_MEANING, DIFFERENCE_MEANING } from './words.ts';

const SHOWN_DIFFERENCES = 3;

/** Outcome by class: accepted and dropped packets, bytes, connections, and what the class means. */
export function classSection(result: ReplayResult, look: Style, width: number): string[] {
  if (result.classes.length === 0) return [];
  const plain = (text: string): Cell => ({ text, paint: look.heading });
  const head = ['Traffic', 'accepted', '', 'conns', 'dropped', '', 'conns', ''].map(plain);
  const rows = result.classes.map(({ name, accepted, dropped }) => [
    { text: name },
    ...amounts(accepted, look.good),
    ...amounts(dropped, look.bad),
    { text: CLASS_MEANING[name], paint: look.faint },
  ]);
  const aligns = ['left', 'right', 'right', 'right', 'right', 'right', 'right', 'left'] as const;
  const all = [head, ...rows];
  const fits = tableWidth(all) <= width;
  return table(fits ? all : all.map((row) => row.slice(0, -1)), aligns);
}

function amounts(totals: Totals, paint: (text: string) => string): Cell[] {
  const isNone = totals.packets === 0;
  return [
    isNone ? { text: '-' } : { text: count(totals.packets), paint },
    { text: isNone ? '' : bytes(totals.bytes) },
    { text: isNone ? '' : count(totals.connections) },
  ];
}

export function natSection({ nat }: ReplayResult, look: Style): string[] {
  const { dnatConnections: dnat, snatConnections: snat, chosen, adopted } = nat;
  if (dnat + snat === 0) return [];
  const seen = adopted === 0 ? '' : `, ${count(adopted)} of them seen leaving`;
  return block(look, 'NAT', [
    `${plural(dnat, 'connection')} to another destination (DNAT), ` +
      `${count(snat)} from another source (SNAT)`,
    ...(chosen === 0 ? [] : [`${count(chosen)} ports that only the kernel knows${seen}`]),
  ]);
}

/** How many of the packets that left the host are as the rules predict, and some that are not. */
export function evidenceSection({ evidence }: ReplayResult, look: Style, width: number): string[] {
  const { exact, different, differences, outputAmbiguous, localDnatAmbiguous, dnatUndone } =
    evidence;
  const left = exact + different;
  const verdict = `${count(exact)} of ${plural(left, 'packet')} seen leaving are as predicted`;
  const lines = left === 0 ? [] : [different === 0 ? look.good(verdict) : look.caution(verdict)];
  const shown = differences.slice(0, SHOWN_DIFFERENCES).map(({ frame, injected, kind, ...at }) => {
    const where = at.seenOn === null ? '' : ` on ${at.seenOn}`;
    const expected = at.predicted === null ? '' : `, predicted: ${at.predicted}`;
    const what = `${DIFFERENCE_MEANING[kind]} (entered in ${injected}${expected})`;
    return cut(printable(`frame ${frame}${where}: ${what}`), width - LABEL_WIDTH);
  });
  const more = different - shown.length;
  const ambiguous = [
    ...(outputAmbiguous > 0
      ? [`${plural(outputAmbiguous, 'packet')} may have been masqueraded: taken as the host's own`]
      : []),
    ...(localDnatAmbiguous > 0
      ? [`${plural(localDnatAmbiguous, 'packet')} of the host may have had another destination`]
      : []),
    ...(dnatUndone > 0
      ? [`${plural(dnatUndone, 'connection')} seen behind DNAT only: taken as to a published port`]
      : []),
  ];
  return block(look, 'Evidence', [
    ...lines,
    ...shown,
    ...(shown.length > 0 && more > 0 ? [`and ${more} more`] : []),
    ...ambiguous.map(look.caution),
  ]);
}

/** What depends on the matches that dockfw does not know. */
export function unknownSection(unknown: UnknownReport | null, look: Style): string[] {
  if (unknown === null) return [];
  const { differs } = unknown;
  if (differs.length === 0) return block(look, 'Unknown', [look.good('nothing depends on it')]);
  return block(look, 'Unknown', [
    look.caution('packets if the unknown extensions match, and if they do not:'),
    ...differs.map(
      ({ what, ifMatch, ifNomatch }) =>
        `${printable(what)}: ${count(ifMatch)}, ${count(ifNomatch)}`,
    ),
  ]);
}
