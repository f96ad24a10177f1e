/** Programs that somebody else wrote. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether there is such a command. */
export function isInstalled(command: string): boolean {
  const directories = (process.env.PATH ?? '').split(delimiter);
  return [...directories, '/usr/sbin', '/sbin'].some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A line that a program printed, and when it came: milliseconds since the program started. */
export interface Line {
  readonly text: string;
  readonly millis: number;
}

/** Runs a program and returns what it printed to both of its outputs. Throws when it fails. */
export async function run(command: string, args: readonly string[]): Promise<Line[]> {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: Line[] = [];
  for (const output of [child.stdout, child.stderr]) {
    let rest = '';
    output.setEncoding('utf8').on('data', (piece: string) => {
      const [...whole] = (rest + piece).split('\n');
      rest = whole.pop() ?? '';
      const millis = performance.now() - start;
      lines.push(...whole.map((text) => ({ text, millis })));
    });
  }
  const [status] = await once(child, 'close');
  if (status === 0) return lines;
  const last = lines.slice(-5).map(({ text }) => text);
  throw new Error([`${command}: exit status ${status}`, ...last].join('\n'));
}

/** The first number that `pattern` catches in a line. Throws when no line has it. */
export function numberIn(lines: readonly Line[], pattern: RegExp): number {
  for (const { text } of lines) {
    const found = pattern.exec(text)?.[1];
    if (found !== undefined) return Number(found);
  }
  throw new Error(`no line has ${pattern}`);
}

const BUILT = '.cache/bench/bin';

/** Path of one of the C programs beside this file, compiled for this machine. */
export async function compiled(name: string): Promise<string> {
  mkdirSync(BUILT, { recursive: true });
  const source = `bench/peers/${name}.c`;
  const program = join(BUILT, name);
  const isFresh =
    (statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0) > statSync(source).mtimeMs;
  if (!isFresh)
    await run('gcc', ['-O3', '-march=native', '-Wall', '-Wextra', '-o', program, source]);
  return program;
}
