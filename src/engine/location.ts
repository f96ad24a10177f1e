/**
 * Address of a built file below dist/. Run from the sources (tests do), the built core and worker
 * are used all the same: threads cannot load TypeScript.
 */
export function builtFile(path: string): URL {
  const dist = import.meta.url.endsWith('.ts') ? '../../dist/' : '../../';
  return new URL(dist + path, import.meta.url);
}
