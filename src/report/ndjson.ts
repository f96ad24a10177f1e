import { type FileHandle, open } from 'node:fs/promises';
import type { PacketRecord, PacketTuple } from '../analysis/packet.ts';
import { outputError } from './output-error.ts';
import type { PacketFile } from './packets.ts';
import { removePartial } from './partial-file.ts';

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
    let lines = '';
    for (const record of records) lines += packetLine(record);
    try {
      await this.#file?.write(lines);
    } catch (error) {
      throw outputError(this.#path, error);
    }
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async discard(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    removePartial(this.#path, await file.stat());
    await this.close();
  }
}

/**
 * A record as a line of NDJSON, fields in the order of the contract. Fields beyond it appear where
 * they say something. Written by hand: JSON.stringify takes several times as long.
 */
export function packetLine(record: PacketRecord): string {
  const { rule, nat, physin, physout, of } = record;
  let line =
    `{"frame":${record.frame},"time":"${record.time}","role":"${record.role}"` +
    `,"in":${name(record.in)},"path":${word(record.path)},"verdict":${word(record.verdict)}` +
    `,"reason":${word(record.reason)},"rule":${rule === null ? 'null' : JSON.stringify(rule)}` +
    `,"out":${name(record.out)},"ctstate":${word(record.ctstate)},${tuple(record)}` +
    `,"proto":${word(record.proto)}`;
  if (nat === null) line += ',"nat":null';
  else line += `,"nat":{${tuple(nat)}${nat.chosen ? ',"chosen":true' : ''}}`;
  line += `,"class":${word(record.class)}`;
  if (physin !== null) line += `,"physin":${name(physin)}`;
  if (physout !== null) line += `,"physout":${name(physout)}`;
  if (of !== null) line += `,"of":${of}`;
  if (record.ambiguous) line += ',"ambiguous":true';
  if (record.differs) line += ',"differs":true';
  return `${line}}\n`;
}

function tuple({ src, sport, dst, dport }: PacketTuple): string {
  return `"src":${word(src)},"sport":${sport},"dst":${word(dst)},"dport":${dport}`;
}

/** One of dockfw's own words or an address: nothing to escape. */
function word(text: string | null): string {
  return text === null ? 'null' : `"${text}"`;
}

/** A name of the host's. */
function name(text: string | null): string {
  return text === null ? 'null' : JSON.stringify(text);
}
