import { readFile } from 'node:fs/promises';
import { builtFile } from './engine/location.ts';

/** The version of this package, from its package.json. */
export async function version(): Promise<string> {
  const text = await readFile(builtFile('../package.json'), 'utf8');
  const { version: found } = JSON.parse(text) as { version: string };
  return found;
}
