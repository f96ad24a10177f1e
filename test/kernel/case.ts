/** A kernel-judged case: capture, host snapshot, and what the kernel made of them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { HostOptions } from 'dockfw';
import { inboundCapture } from '../wire/inbound.ts';
import { caseName, readCaseFile } from './case-file.ts';
import type { Judged } from './lab/question.ts';
import type { Masters } from './outcomes.ts';
import type { KernelFrame } from './records.ts';

export interface KernelCase {
  readonly name: string;
  /** The capture to replay: its path, or its bytes. */
  readonly capture: string | Uint8Array;
  /** The snapshot: its directory, or its files. */
  readonly host: string | HostOptions;
  /** `iptables-save -c` (`ip6tables-save -c`) after the last frame; '' if that family has none. */
  readonly counters: string;
  readonly counters6: string;
  /** `conntrack -L` then; null where it was not asked. */
  readonly connections: string | null;
  readonly frames: readonly KernelFrame[];
  readonly masters: Masters;
  /** What a frame is about. */
  readonly note: (frame: number) => string;
}

/** Names of the cases in `directory`, sorted: those in one file end in .json. */
export function caseNames(directory: string): string[] {
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() || entry.name.endsWith('.json'))
    .map((entry) => entry.name)
    .sort();
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function readConnections(path: string): string | null {
  if (existsSync(path)) return readFileSync(path, 'utf8');
  return existsSync(`${path}.gz`) ? gunzipSync(readFileSync(`${path}.gz`)).toString() : null;
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

/** `text`: ip-addr.json. */
function readMasters(text: string): Masters {
  const masters = new Map<string, string>();
  const links = JSON.parse(text) as { ifname?: string; master?: string }[];
  for (const { ifname, master } of links) {
    if (ifname !== undefined && master !== undefined) masters.set(ifname, master);
  }
  return masters;
}

export function readCase(directory: string, name: string): KernelCase {
  const path = join(directory, name);
  if (!name.endsWith('.json')) return readDirectory(path, name);
  const { question, answer } = readCaseFile(path);
  if (answer === null) throw new Error(`${path} has no answer: npm run lab -- --update ${path}`);
  return judgedCase(caseName(path), { question, answer });
}

function readDirectory(root: string, name: string): KernelCase {
  const frames = readText(join(root, 'expected/packets.ndjson')).split('\n').filter(Boolean);
  return {
    name,
    capture: join(root, 'in.pcapng'),
    host: join(root, 'host'),
    counters: readText(join(root, 'expected/counters.txt')),
    counters6: readText(join(root, 'expected/counters6.txt')),
    connections: readConnections(join(root, 'expected/conntrack.txt')),
    frames: frames.map((line) => JSON.parse(line) as KernelFrame),
    masters: readMasters(readText(join(root, 'host/ip-addr.json'))),
    note: readNotes(join(root, 'NOTES.txt')),
  };
}

/** A question of the lab with its answer, as a case. */
export function judgedCase(name: string, { question: { shots }, answer }: Judged): KernelCase {
  const frames = shots.map(({ iface, frame }, index) => {
    return { iface, frame, nanos: BigInt(answer.micros[index] ?? 0) * 1000n };
  });
  return {
    name,
    capture: inboundCapture(frames),
    host: { files: answer.host },
    counters: answer.after['iptables-save.txt'] ?? '',
    counters6: answer.after['ip6tables-save.txt'] ?? '',
    connections: answer.after['conntrack.txt'] ?? '',
    frames: answer.frames,
    masters: readMasters(answer.host['ip-addr.json'] ?? '[]'),
    note: (frame) => shots[frame - 1]?.note ?? '',
  };
}
