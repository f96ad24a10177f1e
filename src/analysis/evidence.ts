import {
  DIFFERENCE_MAX,
  DIFFERENCE_SIZE,
  STAT_DNAT_UNDONE,
  STAT_LOCAL_DNAT_AMBIGUOUS,
  STAT_OBSERVED_DIFFERENT,
  STAT_OBSERVED_EXACT,
  STAT_OUTPUT_AMBIGUOUS,
} from '../../assembly/abi.ts';
import { DIFFERENCE } from '../engine/layout.ts';
import type { HostNames } from '../host/names.ts';
import { DIFFERENCES, nameOf } from './names.ts';
import type { Difference, Evidence } from './result.ts';

/**
 * `differences`: each worker's records; `stats` by STAT_*, summed; `frameNumber` gives a frame's
 * number in the file.
 */
export function summarizeEvidence(
  stats: readonly number[],
  differences: readonly Uint8Array[],
  names: HostNames,
  frameNumber: (frame: number) => number,
): Evidence {
  const count = (stat: number) => stats[stat] ?? 0;
  return {
    exact: count(STAT_OBSERVED_EXACT),
    different: count(STAT_OBSERVED_DIFFERENT),
    outputAmbiguous: count(STAT_OUTPUT_AMBIGUOUS),
    localDnatAmbiguous: count(STAT_LOCAL_DNAT_AMBIGUOUS),
    dnatUndone: count(STAT_DNAT_UNDONE),
    // Each worker kept its first ones, so the first of all are among them.
    differences: differences
      .flatMap((records) => readDifferences(records, names))
      .sort((a, b) => a.frame - b.frame)
      .slice(0, DIFFERENCE_MAX)
      .map(({ frame, injected, ...rest }) => ({
        frame: frameNumber(frame),
        injected: frameNumber(injected),
        ...rest,
      })),
  };
}

function readDifferences(records: Uint8Array, names: HostNames): Difference[] {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  const iface = (at: number) => names.interfaceName(view.getUint16(at, true)) || null;
  const list: Difference[] = [];
  for (let at = 0; at < records.length; at += DIFFERENCE_SIZE) {
    list.push({
      frame: Number(view.getBigUint64(at + DIFFERENCE.frame, true)),
      injected: Number(view.getBigUint64(at + DIFFERENCE.injected, true)),
      kind: nameOf(DIFFERENCES, view.getUint32(at + DIFFERENCE.what, true)) ?? 'address',
      seenOn: iface(at + DIFFERENCE.seenOn),
      predicted: iface(at + DIFFERENCE.predicted),
    });
  }
  return list;
}
