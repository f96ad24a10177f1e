/**
 * Compiled hosts on disk, for the next run on the same rules: one file each, named by a hash of all
 * that it was made from. Whatever cannot be read or written is compiled again, without a word.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import process from 'node:process';
import { deserialize, serialize } from 'node:v8';
import type { Compiled } from '../compile/index.ts';

/** Beyond these, the files that were not used for the longest time are removed. */
const MAX_FILES = 16;
const MAX_BYTES = 256 << 20;

const WRITABLE_BY_OTHERS = 0o022;

/** What a file begins with: SHA-256 of the rest. */
const DIGEST_BYTES = 32;

export class CompiledCache {
  readonly #dir: string;

  /** `dir` is made when something is kept. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * The user's, below XDG_CACHE_HOME or HOME; null where these say nothing, or HOME is somebody
   * else's (sudo): files of root would be in the way there.
   */
  static ofUser(env: Readonly<Record<string, string | undefined>>): CompiledCache | null {
    const { XDG_CACHE_HOME: base = '', HOME: home = '' } = env;
    if (isAbsolute(base)) return new CompiledCache(join(base, 'dockfw'));
    const isHome = isAbsolute(home) && existsSync(home) && isOwn(home);
    return isHome ? new CompiledCache(join(home, '.cache', 'dockfw')) : null;
  }

  /** What was kept under a key, which is the name of a file; null: nothing. */
  load(key: string): Compiled | null {
    const path = join(this.#dir, key);
    try {
      if (!isOwn(this.#dir) || !isOwn(path)) return null;
      const file = readFileSync(path);
      const bytes = file.subarray(DIGEST_BYTES);
      if (!digestOf(bytes).equals(file.subarray(0, DIGEST_BYTES))) return null;
      markUsed(path);
      return deserialize(bytes) as Compiled;
    } catch {
      return null;
    }
  }

  /** Problems are objects of classes, which a file does not keep: there must be none. */
  save(key: string, compiled: Compiled): void {
    const path = join(this.#dir, key);
    const unfinished = `${path}.${process.pid}`;
    try {
      makeFolder(this.#dir);
      if (!isOwn(this.#dir)) return;
      const bytes = serialize(compiled);
      const file = Buffer.concat([digestOf(bytes), bytes]);
      writeFileSync(unfinished, file, { mode: 0o600, flag: 'wx' });
      renameSync(unfinished, path);
      this.#removeOldest();
    } catch {
      rmSync(unfinished, { force: true });
    }
  }

  #removeOldest(): void {
    const files = readdirSync(this.#dir).map((name) => {
      const path = join(this.#dir, name);
      const { mtimeMs, size } = statSync(path);
      return { path, mtimeMs, size };
    });
    files.sort((a, b) => b.mtimeMs - a.mtimeMs);
    let bytes = 0;
    files.forEach(({ path, size }, i) => {
      bytes += size;
      if (i >= MAX_FILES || bytes > MAX_BYTES) rmSync(path, { force: true });
    });
  }
}

function digestOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** So that it is not the first one to be removed. */
function markUsed(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // a file that is only to be read serves all the same
  }
}

/** With those above it: mkdirSync's own `recursive` never returns below /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** Nobody else can have written it (where files have owners). */
function isOwn(path: string): boolean {
  const { uid, mode } = statSync(path);
  const user = process.getuid?.();
  return user === undefined || (uid === user && (mode & WRITABLE_BY_OTHERS) === 0);
}
