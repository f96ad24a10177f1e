/** Cases that record.py wrote: what a kernel counted after every frame. */
import { readdirSync, readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { compile, readHost, replay, type Threads } from 'dockfw';
import { type InboundFrame, inboundCapture } from '../../wire/inbound.ts';
import { type CounterLine, readCounters } from '../counters.ts';

interface RecordedFrame {
  readonly note: string;
  readonly in: string;
  readonly atUs: number;
  readonly hex: string;
  /**
   * packets:bytes of each counter, in the order of the rules' text, IPv4 before IPv6. None: others
   * came within the same jiffy.
   */
  readonly counters?: string;
}

interface RecordedRun {
  readonly sets: string;
  readonly frames: readonly RecordedFrame[];
  /** iptables-save by family. */
  readonly rules: Readonly<Record<string, string>>;
}

export interface StatefulCase {
  readonly name: string;
  /** key=value, besides those of host.json. */
  readonly sysctls: readonly string[];
  /** By back end: nft, legacy. */
  readonly runs: Readonly<Record<string, RecordedRun>>;
}

const directory = fileURLToPath(new URL('cases', import.meta.url));
const START_NANOS = 1_800_000_000_000_000_000n;

/** Files of the snapshot that all cases share. */
const host: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(fileURLToPath(new URL('host.json', import.meta.url)), 'utf8'),
);

export function statefulCases(): StatefulCase[] {
  return readdirSync(directory)
    .sort()
    .map((file) => ({
      name: file.replace(/\.json$/, ''),
      ...JSON.parse(readFileSync(`${directory}/${file}`, 'utf8')),
    }));
}

function linesOf(run: RecordedRun): { family: number; line: CounterLine }[] {
  return Object.entries(run.rules).flatMap(([family, text]) =>
    readCounters(text).map((line) => ({ family: Number(family), line })),
  );
}

function inbound({ in: iface, atUs, hex }: RecordedFrame): InboundFrame {
  const nanos = START_NANOS + BigInt(atUs) * 1000n;
  return { iface, nanos, frame: Uint8Array.from(Buffer.from(hex, 'hex')) };
}

/** Where the counters move otherwise than the kernel's: a line of text for each; empty: nowhere. */
export async function differences(
  { sysctls, runs }: StatefulCase,
  backend: string,
  threads: Threads,
): Promise<string[]> {
  const run = runs[backend];
  if (run === undefined) throw new Error(`no run with ${backend}`);
  const compiled = compile(
    await readHost({
      files: {
        ...host,
        'sysctl.txt': [host['sysctl.txt'], ...sysctls.map((line) => line.replace('=', ' = '))].join(
          '\n',
        ),
        'ipset-save.txt': run.sets,
        'iptables-save.txt': run.rules[4] ?? '',
        'ip6tables-save.txt': run.rules[6] ?? '',
      },
    }),
  );
  const found = compiled.problems.map(({ message }) => message);
  const lines = linesOf(run);
  let [before, wantedBefore] = [lines.map(() => [0, 0]), lines.map(() => [0, 0])];
  for (const [i, frame] of run.frames.entries()) {
    if (frame.counters === undefined) continue;
    const frames = run.frames.slice(0, i + 1).map(inbound);
    const capture = Readable.from([inboundCapture(frames)]);
    const { rules } = await replay(compiled, capture, { threads });
    const now = lines.map(({ family, line }) => {
      const rule = rules.find(
        (other) =>
          other.family === family &&
          other.table === line.table &&
          other.chain === line.chain &&
          other.number === line.number,
      );
      return [rule?.packets ?? -1, rule?.bytes ?? -1];
    });
    const wantedNow = frame.counters.split(' ').map((pair) => pair.split(':').map(Number));
    for (const [k, { line }] of lines.entries()) {
      const moved = now[k]?.map((value, j) => value - (before[k]?.[j] ?? 0));
      const wanted = wantedNow[k]?.map((value, j) => value - (wantedBefore[k]?.[j] ?? 0));
      if (String(moved) === String(wanted)) continue;
      const place = `${line.table} ${line.chain} ${line.number ?? 'policy'} ${line.text}`;
      found.push(`frame ${i + 1} (${frame.note}): ${place}: kernel ${wanted}, here ${moved}`);
    }
    [before, wantedBefore] = [now, wantedNow];
  }
  return found;
}
