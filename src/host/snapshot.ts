/** The files of a host snapshot: a directory's, given in memory, or the embedded default's. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError, HostError, UsageError } from '../errors.ts';
import { systemReason } from '../system-reason.ts';
import { DEFAULT_HOST, DEFAULT_HOST_SOURCE } from './default-host.ts';
import { Notes, SourceText } from './notes.ts';

export const SNAPSHOT_FILES = [
  'iptables-save.txt',
  'ip6tables-save.txt',
  'ipset-save.txt',
  'nft-ruleset.json',
  'ip-addr.json',
  'ip-route.json',
  'ip-route6.json',
  'ip-rule.json',
  'bridge-fdb.json',
  'conntrack.txt',
  'sysctl.txt',
  'docker-networks.json',
  'docker-containers.json',
  'docker-version.json',
] as const;

export type SnapshotFile = (typeof SNAPSHOT_FILES)[number];

/**
 * Where a host is described. With neither `dir`, `files` nor `rules`: the embedded default host.
 */
export interface HostOptions {
  /** Directory of a snapshot. */
  readonly dir?: string | undefined;
  /** Contents by file name; they go before the directory's files. */
  readonly files?: Readonly<Partial<Record<SnapshotFile, string>>> | undefined;
  /** Paths of files to read in place of iptables-save.txt and ip6tables-save.txt. */
  readonly rules?: string | undefined;
  readonly rules6?: string | undefined;
  /** Interfaces that the capture names: those the snapshot lacks become placeholders. */
  readonly interfaces?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Contents of the files that are there, decoded; a missing file has no entry. */
export interface Snapshot {
  readonly source: string;
  readonly files: ReadonlyMap<SnapshotFile, SourceText>;
  /** Interfaces that the capture names. */
  readonly interfaces: readonly string[];
  /** What was found wrong so far; readers of the files add to it. */
  readonly notes: Notes;
}

/**
 * Contents of a file; throws a FileError where it is not text. A regular file is read at once, which
 * takes less than asking another thread for it; a pipe may have to be waited for.
 */
async function readUtf8(path: string, signal: AbortSignal | undefined): Promise<string> {
  const text = statSync(path).isFile()
    ? readFileSync(path, 'utf8')
    : await readFile(path, { encoding: 'utf8', signal });
  if (text.includes('\0')) throw new FileError('is not text: it has NUL bytes', path);
  return text;
}

function unreadable(path: string, error: unknown): FileError {
  if (error instanceof FileError) return error;
  return new FileError(`cannot be read: ${systemReason(error)}`, path, error);
}

/** Text of a file; null where it is not there. Other failures are problems. */
async function readText(
  path: string,
  notes: Notes,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  try {
    return await readUtf8(path, signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    notes.problems.push(unreadable(path, error));
    return null;
  }
}

function namesIn(dir: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(dir));
  } catch (error) {
    const why = systemReason(error);
    throw new FileError(`the host snapshot cannot be read: ${why}`, dir, error);
  }
}

/** A file named on purpose: that it is missing is an error of the caller. */
async function readNamed(path: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await readUtf8(path, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw unreadable(path, error);
  }
}

/** A byte order mark is none of the commands' output, but editors leave one. */
function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function checkNames(files: HostOptions['files'] & {}): void {
  const stranger = Object.keys(files).find((name) => !SNAPSHOT_FILES.some((of) => of === name));
  if (stranger === undefined) return;
  const expected = `expected ${SNAPSHOT_FILES.join(', ')}`;
  throw new UsageError(`files: ${stranger} is no file of a host snapshot: ${expected}`);
}

/**
 * Reads a snapshot. Rejects with a FileError where the directory or a file of `rules` or `rules6`
 * cannot be read, with a UsageError for names in `files` that no file of a snapshot has, and with
 * the signal's reason when aborted; files of the directory that cannot be read become problems.
 */
export async function readSnapshot(options: HostOptions): Promise<Snapshot> {
  const { dir, signal, interfaces = [] } = options;
  const notes = new Notes();
  signal?.throwIfAborted();
  checkNames(options.files ?? {});
  const embedded = dir === undefined && options.files === undefined && options.rules === undefined;
  const given = embedded ? DEFAULT_HOST : (options.files ?? {});
  const files = new Map<SnapshotFile, SourceText>();
  const put = (name: SnapshotFile, path: string, text: string) =>
    files.set(name, new SourceText(path, withoutMark(text), notes));
  const there = dir === undefined ? new Set<string>() : namesIn(dir);
  if (dir !== undefined && !SNAPSHOT_FILES.some((name) => there.has(name))) {
    const message = `has no file of a host snapshot, such as ${SNAPSHOT_FILES[0]}`;
    notes.problems.push(new HostError(message, { file: dir }, 'warning'));
  }
  for (const name of SNAPSHOT_FILES) {
    const path = dir === undefined ? name : join(dir, name);
    const text = given[name] ?? (there.has(name) ? await readText(path, notes, signal) : null);
    if (text !== null) put(name, path, text);
  }
  const { rules, rules6 } = options;
  if (rules !== undefined) put('iptables-save.txt', rules, await readNamed(rules, signal));
  if (rules6 !== undefined) put('ip6tables-save.txt', rules6, await readNamed(rules6, signal));
  const source = embedded ? DEFAULT_HOST_SOURCE : (dir ?? rules ?? 'memory');
  return { source, files, interfaces, notes };
}
