import type { PacketSink } from '../replay.ts';
import { NdjsonFile } from './ndjson.ts';
import { ParquetFile } from './parquet.ts';

/** A file of packet records. Ends with close(), which makes it whole, or with discard(). */
export interface PacketFile extends PacketSink {
  close(): Promise<void>;
  /** Removes the file, which will not be finished, and lets go of it. */
  discard(): void | Promise<void>;
}

/** NDJSON, or Parquet when the name ends in .parquet. Nothing is written before begin(). */
export function packetFile(path: string): PacketFile {
  return path.endsWith('.parquet') ? new ParquetFile(path) : new NdjsonFile(path);
}
