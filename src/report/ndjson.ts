import { type FileHandle, open } from 'node:fs/promises';
import type { PacketRecord } from '../analysis/packet.ts';
import { outputError } from './output-error.ts';
import type { PacketFile } from './packets.ts';

const BATCH = 4096;

/** One JSON object per line. */
export class NdjsonFile implements PacketFile {
  readonly #path: string;
  #file: FileHandle | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async begin(): Promise<void> {
    await this.close();
    try {
      this.#file = await open(this.#path, 'w');
    } catch (error) {
      throw outputError(this.#path, error);
    }
  }

  async write(records: readonly PacketRecord[]): Promise<void> {
    for (let at = 0; at < records.length; at += BATCH) {
      const lines = records.slice(at, at + BATCH).map(packetLine);
      try {
        await this.#file?.write(lines.join(''));
      } catch (error) {
        throw outputError(this.#path, error);
      }
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  discard(): Promise<void> {
    return this.close();
  }
}

/** A record as a line of NDJSON. Fields that formats.md does not name appear where they say something. */
export function packetLine(record: PacketRecord): string {
  const { physin, physout, of, ambiguous, differs, nat, ...rest } = record;
  return `${JSON.stringify({
    ...rest,
    nat: nat && { src: nat.src, sport: nat.sport, dst: nat.dst, dport: nat.dport, ...chosen(nat) },
    ...(physin === null ? {} : { physin }),
    ...(physout === null ? {} : { physout }),
    ...(of === null ? {} : { of }),
    ...(ambiguous ? { ambiguous } : {}),
    ...(differs ? { differs } : {}),
  })}\n`;
}

function chosen(nat: { readonly chosen: boolean }): { chosen?: true } {
  return nat.chosen ? { chosen: true } : {};
}
