import { realpathSync, type Stats, unlinkSync } from 'node:fs';

/**
 * Removes an output that will not be finished, lest it be taken for a whole one. `opened` is what
 * fstat says of it: a device or a pipe stays, and so does a link to the file (/dev/stdout).
 */
export function removePartial(path: string, opened: Stats): void {
  if (!opened.isFile()) return;
  try {
    unlinkSync(realpathSync(path));
  } catch {
    // gone, or in a directory that cannot be written: nothing is left to be done
  }
}
