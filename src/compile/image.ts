/** The image: a header, then the sections. Layout in assembly/abi.ts. */
import { ABI_MAGIC, ABI_VERSION, IMAGE_HEADER_WORDS, SECTION_COUNT } from '../../assembly/abi.ts';
import type { EncodedSection } from './host/encode-host.ts';
import { ByteWriter } from './lower/byte-writer.ts';

const ALIGNMENT = 16;
const HEADER_BYTES = IMAGE_HEADER_WORDS * 4 + SECTION_COUNT * 8;

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** Puts sections behind a header; a section that is not given is empty. */
export function assembleImage(sections: readonly EncodedSection[], flags: number): Uint8Array {
  const byNumber = new Map(sections.map((section) => [section.section, section]));
  const header = new ByteWriter().u32(ABI_MAGIC, ABI_VERSION, 0, flags);
  const body = new ByteWriter();
  const start = align(HEADER_BYTES);
  for (let number = 0; number < SECTION_COUNT; number++) {
    const section = byNumber.get(number);
    header.u32(start + body.length, section?.count ?? 0);
    body.raw(section?.bytes ?? new Uint8Array(0)).align(ALIGNMENT);
  }
  header.setU32(8, start + body.length);
  const image = new Uint8Array(start + body.length);
  image.set(header.toUint8Array());
  image.set(body.toUint8Array(), start);
  return image;
}
