import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { CaptureError } from '../errors.ts';
import { FileSource, openFile } from './file-source.ts';
import { GzipDecoder } from './gzip.ts';
import { SNIFF_BYTES, sniff } from './sniff.ts';
import type { CaptureSource } from './source.ts';
import { StreamSource } from './stream-source.ts';
import { zstdDecoder } from './zstd.ts';

const STDIN_FD = 0;

/**
 * Opens a capture: a path, "-" for standard input, or a stream of bytes. Whether it is compressed
 * is told by its content. Throws a FileError when it cannot be opened or is a directory, and a
 * CaptureError when it is empty or neither pcap nor pcapng, compressed or not.
 */
export async function openCapture(input: string | Readable): Promise<CaptureSource> {
  const stream = input === '-' ? process.stdin : input;
  if (stream instanceof Readable) return identify(new StreamSource(nameOf(stream), stream));
  return openPath(stream);
}

function nameOf(stream: Readable): string {
  return 'fd' in stream && stream.fd === STDIN_FD ? 'standard input' : 'stream';
}

async function openPath(path: string): Promise<CaptureSource> {
  const { handle, size } = await openFile(path);
  if (size === undefined) return identify(new StreamSource(path, handle.createReadStream()));
  const head = new Uint8Array(SNIFF_BYTES);
  const { bytesRead } = await handle.read(head, 0, SNIFF_BYTES, 0);
  const content = sniff(head.subarray(0, bytesRead));
  if (content === 'gzip' || content === 'zstd') {
    const reread = (start: number) => createReadStream(path, { start });
    return identify(new StreamSource(path, handle.createReadStream({ start: 0 }), size, reread));
  }
  const source = new FileSource(path, handle, size);
  return content === 'unknown' ? refuse(source, bytesRead) : source;
}

/** Finds out what a stream holds and has it decompressed if need be. */
async function identify(source: StreamSource): Promise<CaptureSource> {
  let head = await source.peek(SNIFF_BYTES);
  let content = sniff(head);
  if (content === 'gzip' || content === 'zstd') {
    source.decodeWith(
      content === 'gzip' ? (reread) => new GzipDecoder(reread) : await zstdDecoder(),
    );
    head = await source.peek(SNIFF_BYTES);
    content = sniff(head);
  }
  if (content === 'pcap' || content === 'pcapng') return source;
  return refuse(source, head.length);
}

async function refuse(source: CaptureSource, bytes: number): Promise<never> {
  const { name, fault } = source;
  await source.close();
  if (fault !== undefined && bytes < SNIFF_BYTES) throw fault;
  if (bytes === 0) {
    throw new CaptureError('is empty: not even the header of a capture', name, 0);
  }
  throw new CaptureError('is not a capture: neither pcap nor pcapng', name, 0);
}
