/** Runs the command line in this process and remembers what it wrote. */
import { Readable } from 'node:stream';
import { run } from '../../src/cli/run.ts';

export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly stdin?: Readable;
  readonly env?: Record<string, string>;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly signal?: AbortSignal;
}

export async function cli(argv: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const out: string[] = [];
  const err: string[] = [];
  const output = (lines: string[]) => ({
    write: (text: string) => lines.push(text),
    isTTY: options.isTTY,
    columns: options.columns,
  });
  const status = await run(argv, {
    stdin: options.stdin ?? Readable.from([]),
    stdout: output(out),
    stderr: output(err),
    env: options.env ?? {},
    signal: options.signal,
  });
  return { status, stdout: out.join(''), stderr: err.join('') };
}
