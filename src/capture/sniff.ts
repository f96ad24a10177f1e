/** What the first bytes of a file say that it is. */
export type Content = 'pcap' | 'pcapng' | 'gzip' | 'zstd' | 'unknown';

/** Bytes that sniff() needs to tell. */
export const SNIFF_BYTES = 4;

const PCAP_MAGICS: ReadonlySet<number> = new Set([
  0xa1b2c3d4, // microseconds
  0xa1b23c4d, // nanoseconds
  0xa1b2cd34, // Kuznetzov's, with longer record headers
]);
const PCAPNG_SECTION = 0x0a0d0d0a; // the same in both byte orders
const GZIP = 0x1f8b; // RFC 1952; deflate, the only method, follows
const ZSTD_FRAME = 0xfd2fb528; // RFC 8878 3.1.1, little endian
const ZSTD_SKIPPABLE = 0x184d2a5; // RFC 8878 3.1.2: with any low four bits

/** Tells by content; `head` is the start of the file, SNIFF_BYTES if it has so many. */
export function sniff(head: Uint8Array): Content {
  if (head.length < SNIFF_BYTES) return 'unknown';
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const little = view.getUint32(0, true);
  const big = view.getUint32(0, false);
  if (PCAP_MAGICS.has(little) || PCAP_MAGICS.has(big)) return 'pcap';
  if (little === PCAPNG_SECTION) return 'pcapng';
  if (big >>> 16 === GZIP) return 'gzip';
  if (little === ZSTD_FRAME || little >>> 4 === ZSTD_SKIPPABLE) return 'zstd';
  return 'unknown';
}
