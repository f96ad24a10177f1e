import type { ReplayResult } from '../analysis/result.ts';
import { printable } from '../printable.ts';
import { bytes, count, cut, duration, plural, rate } from './format.ts';
import type { Style } from './style.ts';
import { linkTypeName } from './words.ts';

export const LABEL_WIDTH = 11;
const ASSUMED_LINES = 3;

/** A line under a label in the left margin; an empty label continues the one above. */
function labelled(look: Style, label: string, text: string): string {
  return `${look.heading(label.padEnd(LABEL_WIDTH))}${text}`;
}

/** Lines under a label. */
export function block(look: Style, label: string, lines: readonly string[]): string[] {
  return lines.map((line, i) => labelled(look, i === 0 ? label : '', line));
}

export function captureSection({ capture, frames, ...rest }: ReplayResult, look: Style): string[] {
  const link = capture.mixedLinkTypes ? 'several link types' : linkTypeName(capture.linkType);
  const start = capture.firstTime?.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
  const span = start === undefined ? '' : `, ${duration(capture.durationSec)} from ${start}`;
  const lines = [
    `${plural(capture.frames, 'frame')}, ${bytes(capture.frameBytes)}, ${link}${span}`,
    `${plural(frames.inject, 'packet')} entered the host, ${count(frames.observe)} were seen again ` +
      `further on, ${count(frames.ignore)} are no concern of it`,
  ];
  const doubts = [
    ...Object.entries(rest.unreadable).map(([fault, n]) => `${count(n)} unreadable (${fault})`),
    ...(capture.reassemblyFailed > 0
      ? [`${plural(capture.reassemblyFailed, 'datagram')} never became whole`]
      : []),
    ...(rest.unverifiedChecksums > 0
      ? [`${plural(rest.unverifiedChecksums, 'checksum')} of cut frames taken as good`]
      : []),
    ...(capture.placedByAddress > 0
      ? [`the interface of ${plural(capture.placedByAddress, 'frame')} was told from addresses`]
      : []),
    ...(rest.connections.pickedUp > 0
      ? [`${plural(rest.connections.pickedUp, 'connection')} had begun before`]
      : []),
  ];
  const fault = capture.fault === null ? [] : [look.bad(`read in part: ${capture.fault.message}`)];
  return block(look, 'Capture', [...lines, ...doubts.map(look.caution), ...fault]);
}

export function hostSection({ host }: ReplayResult, look: Style, width: number): string[] {
  const docker = host.docker === null ? '' : `Docker ${printable(host.docker)}, `;
  const v6 = host.rulesV6 === 0 ? '' : ` and ${count(host.rulesV6)} for IPv6`;
  const lines = [
    `${docker}${plural(host.networks.length, 'network')}, ` +
      `${plural(host.containers, 'container')}, ${plural(host.interfaces, 'interface')}, ` +
      `${plural(host.rules, 'rule')}${v6}`,
  ];
  const room = width - LABEL_WIDTH;
  const assumed = host.assumed.map(({ file, text }) => cut(printable(`${file}: ${text}`), room));
  const shown = assumed.length > ASSUMED_LINES + 1 ? assumed.slice(0, ASSUMED_LINES) : assumed;
  const more = assumed.length - shown.length;
  return [
    ...block(look, 'Host', lines),
    ...block(look, 'Assumed', [...shown, ...(more > 0 ? [`and ${more} more, see --json`] : [])]),
  ];
}

export function speedSection({ capture, speed }: ReplayResult, look: Style): string[] {
  const one = speed.oneWorker === null ? '' : ` (${speed.oneWorker})`;
  return block(look, 'Speed', [
    look.faint(
      `${plural(capture.frames, 'frame')} in ${duration(speed.elapsedSec)}, ` +
        `${plural(speed.workers, 'worker')}${one}: ${rate(speed.packetsPerSecond)} per second`,
    ),
  ]);
}
