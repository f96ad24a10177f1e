/** A kernel-judged case on disk: capture, host snapshot, and what the kernel made of them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Masters } from './outcomes.ts';
import type { KernelFrame } from './records.ts';

export interface KernelCase {
  readonly name: string;
  /** The capture to replay. */
  readonly capture: string;
  /** The snapshot's directory. */
  readonly host: string;
  /** `iptables-save -c` (`ip6tables-save -c`) after the last frame; '' if that family has none. */
  readonly counters: string;
  readonly counters6: string;
  readonly frames: readonly KernelFrame[];
  readonly masters: Masters;
  /** What a frame is about, from NOTES.txt. */
  readonly note: (frame: number) => string;
}

/** Names of the cases in `directory`, sorted. */
export function caseNames(directory: string): string[] {
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** `frame N: text` holds from frame N up to the next note. */
function readNotes(path: string): (frame: number) => string {
  const notes: { from: number; text: string }[] = [];
  for (const line of readText(path).split('\n')) {
    const found = /^frame (\d+): (.*)$/.exec(line);
    if (found !== null) notes.push({ from: Number(found[1]), text: found[2] ?? '' });
  }
  return (frame) => notes.findLast(({ from }) => from <= frame)?.text ?? '';
}

function readMasters(path: string): Masters {
  const masters = new Map<string, string>();
  const links = JSON.parse(readFileSync(path, 'utf8')) as { ifname?: string; master?: string }[];
  for (const { ifname, master } of links) {
    if (ifname !== undefined && master !== undefined) masters.set(ifname, master);
  }
  return masters;
}

export function readCase(directory: string, name: string): KernelCase {
  const root = join(directory, name);
  const frames = readText(join(root, 'expected/packets.ndjson')).split('\n').filter(Boolean);
  return {
    name,
    capture: join(root, 'in.pcapng'),
    host: join(root, 'host'),
    counters: readText(join(root, 'expected/counters.txt')),
    counters6: readText(join(root, 'expected/counters6.txt')),
    frames: frames.map((line) => JSON.parse(line) as KernelFrame),
    masters: readMasters(join(root, 'host/ip-addr.json')),
    note: readNotes(join(root, 'NOTES.txt')),
  };
}
