import { readFileSync } from 'node:fs';
import { builtFile } from './engine/location.ts';

/** The version of this package, from its package.json. */
export function version(): string {
  const text = readFileSync(builtFile('../package.json'), 'utf8');
  const { version: found } = JSON.parse(text) as { version: string };
  return found;
}
