/** The image: a header, then the sections. Layout in assembly/abi.ts. */
import { ABI_MAGIC, ABI_VERSION, IMAGE_HEADER_WORDS, SECTION_COUNT } from '../../assembly/abi.ts';
import type { EncodedSection } from './host/encode-host.ts';
import { ByteWriter } from './lower/byte-writer.ts';

const ALIGNMENT = 16;
const EMPTY = { bytes: new Uint8Array(0), count: 0 };
const HEADER_BYTES = IMAGE_HEADER_WORDS * 4 + SECTION_COUNT * 8;

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** Puts sections behind a header; a section that is not given is empty. */
export function assembleImage(sections: readonly EncodedSection[], flags: number): Uint8Array {
  const byNumber = new Map(sections.map((section) => [section.section, section]));
  const start = align(HEADER_BYTES);
  const size = sections.reduce((sum, { bytes }) => sum + align(bytes.length), start);
  const image = new Uint8Array(size);
  const header = new ByteWriter(HEADER_BYTES).u32(ABI_MAGIC, ABI_VERSION, size, flags);
  let at = start;
  for (let number = 0; number < SECTION_COUNT; number++) {
    const { bytes, count } = byNumber.get(number) ?? EMPTY;
    header.u32(at, count);
    image.set(bytes, at);
    at += align(bytes.length);
  }
  image.set(header.toUint8Array());
  return image;
}
