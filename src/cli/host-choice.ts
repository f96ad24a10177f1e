import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { HostOptions } from '../host/index.ts';

export interface HostChoice {
  readonly host?: string | undefined;
  readonly rules?: string | undefined;
  readonly rules6?: string | undefined;
}

/**
 * Where the host of a capture is described: what was asked for, else the directory NAME.host beside
 * NAME.pcap (NAME.pcapng, NAME.pcap.gz …), else the embedded default. Rules that were asked for go
 * before those of the directory.
 */
export async function chooseHost(
  capture: string,
  { host, rules, rules6 }: HostChoice,
  signal?: AbortSignal,
): Promise<HostOptions> {
  return { dir: host ?? (await hostBeside(capture)), rules, rules6, signal };
}

async function hostBeside(capture: string): Promise<string | undefined> {
  if (capture === '-') return undefined;
  const name = basename(capture)
    .replace(/\.(gz|zst|zstd)$/i, '')
    .replace(/\.(pcap|pcapng|cap|dmp)$/i, '');
  const dir = join(dirname(capture), `${name}.host`);
  return (await isDirectory(dir)) ? dir : undefined;
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // not there, or not to be seen: then it is not the capture's host
  }
}
