/** What targets share: threads, a default host, a directory for their files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import {
  type Compiled,
  compile,
  DockfwError,
  type HostOptions,
  type PacketRecord,
  type ReplayResult,
  readHost,
  replay,
} from '../../src/index.ts';
import { Threads } from '../../src/pool/threads.ts';

/** Contents of a snapshot's files. */
export type Files = NonNullable<HostOptions['files']>;

export interface Answer {
  readonly packets: readonly PacketRecord[];
  /** Undefined: the capture was refused, with this message. */
  readonly result: ReplayResult | undefined;
  readonly refused: string | undefined;
}

export class Bench {
  readonly dir = mkdtempSync(join(tmpdir(), 'dockfw-fuzz-'));
  readonly #threads = new Threads(3);

  /** A file of the bench, written anew. */
  file(name: string, content: Uint8Array | string): string {
    const path = join(this.dir, name);
    writeFileSync(path, content);
    return path;
  }

  /** A host of these files, or undefined: it was refused. */
  async host(files: Files): Promise<Compiled | undefined> {
    try {
      return compile(await readHost({ files }));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return undefined;
    }
  }

  async replay(host: Compiled, capture: string | Readable, workers: number): Promise<Answer> {
    const packets: PacketRecord[] = [];
    const begin = () => {
      packets.length = 0;
    };
    const write = (records: readonly PacketRecord[]) => {
      packets.push(...records);
    };
    const options = { threads: this.#threads, workers, packets: { begin, write } };
    try {
      const result = await replay(host, capture, options);
      return { packets, result, refused: undefined };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return { packets, result: undefined, refused: error.message };
    }
  }

  async close(): Promise<void> {
    await this.#threads.close();
    rmSync(this.dir, { recursive: true });
  }
}

/** Whether an error says, in words, what is wrong with the input; the core's own do not. */
function isRefusal(error: unknown): error is DockfwError {
  return error instanceof DockfwError && error.code !== 'CORE';
}
