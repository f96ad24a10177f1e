/** What the system says is wrong with a file: without code and path, which stand elsewhere. */
export function systemReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^[A-Z\d]+: (.*?), \w+( '.*')?$/s.exec(message)?.[1] ?? message;
}
