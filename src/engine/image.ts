import type { Compiled } from '../compile/compiled.ts';
import { CoreError } from '../errors.ts';
import type { Instance } from './instance.ts';

/** The image in shared memory, and the tables that were built from it. */
export interface LoadedImage {
  readonly image: number;
  readonly built: number;
}

/** Copies an image into the core's memory and builds its tables, for all workers to attach. */
export function loadImage({ core, heap }: Instance, compiled: Compiled): LoadedImage {
  const image = allocate(core.alloc(compiled.image.length + 64));
  heap.bytes(image, compiled.image.length).set(compiled.image);
  const built = core.loadImage(image) >>> 0;
  if (built === 0) throw new CoreError('the core refused the compiled rules', 0);
  return { image, built };
}

/** Checks a pointer that the core returned. */
export function allocate(pointer: number): number {
  if (pointer === 0) throw new CoreError('out of memory', 0);
  return pointer >>> 0;
}
