import { writeFile } from 'node:fs/promises';
import { compareUnknown, type UnknownReport } from '../analysis/compare.ts';
import type { ReplayResult } from '../analysis/result.ts';
import { type Compiled, type CompileOptions, compile } from '../compile/index.ts';
import { CaptureError, UsageError } from '../errors.ts';
import type { HostOptions } from '../host/index.ts';
import { Threads } from '../pool/threads.ts';
import { type ReplayOptions, replay } from '../replay.ts';
import { countersText } from '../report/counters.ts';
import { jsonReport } from '../report/json.ts';
import { outputError } from '../report/output-error.ts';
import { type PacketFile, packetFile } from '../report/packets.ts';
import { wantsColors } from '../report/style.ts';
import { textReport } from '../report/text.ts';
import { CompiledCache } from './compiled-cache.ts';
import { compiledHost } from './compiled-host.ts';
import { type FailCondition, parseFailOn } from './fail-on.ts';
import { chooseHost } from './host-choice.ts';
import { EXIT_FILE, EXIT_NO, EXIT_OK, type Io } from './io.ts';
import { checkOutputs } from './outputs.ts';
import { reportProblems, tolerateUnknown, writeProblem } from './problems.ts';
import { Progress } from './progress.ts';

type CaptureFault = NonNullable<ReplayResult['capture']['fault']>;

/** Options as the command line has them. */
export interface ReplayFlags {
  readonly host?: string;
  readonly rules?: string;
  readonly rules6?: string;
  readonly at?: string;
  readonly direction?: 'in' | 'out';
  readonly workers?: number;
  readonly counters?: string;
  readonly counters6?: string;
  readonly packets?: string;
  readonly json?: boolean;
  readonly unknown: NonNullable<CompileOptions['unknown']> | 'both';
  readonly failOn?: string;
  /** False for --no-cache. */
  readonly cache: boolean;
}

const DEFAULT_WIDTH = 100;

/** `dockfw replay`. Returns the exit status; throws where there is nothing to report. */
export async function replayCommand(capture: string, flags: ReplayFlags, io: Io): Promise<number> {
  const conditions = flags.failOn === undefined ? [] : parseFailOn(flags.failOn);
  checkFlags(capture, flags, io);
  const from = await chooseHost(capture, flags, io.signal);
  await checkOutputs(flags, capture, from);
  const threads = new Threads(flags.workers);
  try {
    return await replayWith(threads, conditions, capture, from, flags, io);
  } finally {
    await threads.close();
  }
}

function checkFlags(capture: string, flags: ReplayFlags, { stdin }: Io): void {
  for (const [flag, value] of Object.entries({ ...flags, capture })) {
    if (value === '') throw new UsageError(`${flag}: expected a name, found nothing`);
  }
  if (capture === '-' && stdin.isTTY === true) {
    throw new UsageError('- reads a capture from standard input, and that is a terminal');
  }
  if (capture === '-' && flags.unknown === 'both') {
    throw new UsageError('--unknown both reads the capture twice: standard input cannot be');
  }
  if (flags.direction !== undefined && flags.at === undefined) {
    throw new UsageError('--direction needs an interface: --at IFACE');
  }
}

async function replayWith(
  threads: Threads,
  conditions: readonly FailCondition[],
  capture: string,
  from: HostOptions,
  flags: ReplayFlags,
  io: Io,
): Promise<number> {
  const policy = flags.unknown === 'both' ? 'nomatch' : flags.unknown;
  const cache = flags.cache ? CompiledCache.ofUser(io.env) : null;
  const { compiled, keep } = await compiledHost(from, policy, cache);
  const { host } = compiled;
  const found = [...host.problems, ...compiled.problems];
  const problems = flags.unknown === 'error' ? found : found.map(tolerateUnknown);
  const errors = reportProblems(problems, io);
  const result = await replayOnce(compiled, capture, flags, io, threads, flags.packets);
  const { fault } = result.capture;
  if (fault !== null && result.capture.frames === 0) throw captureError(fault, capture);
  const unknown = flags.unknown === 'both' ? await otherAnswer(result) : null;
  await writeCounters(compiled, result, flags);
  io.stdout.write(render(result, unknown, flags, io));
  keep();
  if (fault !== null) writeProblem(captureError(fault, capture), io);
  if (errors > 0 || fault !== null) return EXIT_FILE;
  return ask(conditions, result, io);

  async function otherAnswer(nomatch: ReplayResult): Promise<UnknownReport> {
    const other = compile(host, { unknown: 'match' });
    return compareUnknown(await replayOnce(other, capture, flags, io, threads, undefined), nomatch);
  }
}

function captureError({ message, offset }: CaptureFault, capture: string): CaptureError {
  return new CaptureError(message, capture, offset);
}

async function replayOnce(
  compiled: Compiled,
  capture: string,
  { at, direction }: ReplayFlags,
  io: Io,
  threads: Threads,
  packets: string | undefined,
): Promise<ReplayResult> {
  const progress = new Progress(io.stderr);
  const file: PacketFile | undefined = packets === undefined ? undefined : packetFile(packets);
  const options: ReplayOptions = {
    at,
    direction,
    threads,
    packets: file,
    progress: progress.update,
    signal: io.signal,
  };
  try {
    const result = await replay(compiled, capture === '-' ? io.stdin : capture, options);
    await file?.close();
    return result;
  } catch (error) {
    await file?.discard();
    throw error;
  } finally {
    progress.stop();
  }
}

async function writeCounters(
  compiled: Compiled,
  result: ReplayResult,
  { counters, counters6 }: ReplayFlags,
): Promise<void> {
  for (const [path, family] of [
    [counters, 4],
    [counters6, 6],
  ] as const) {
    if (path === undefined) continue;
    try {
      await writeFile(path, countersText(compiled, result, family));
    } catch (error) {
      throw outputError(path, error);
    }
  }
}

function render(
  result: ReplayResult,
  unknown: UnknownReport | null,
  { json }: ReplayFlags,
  { stdout, env }: Io,
): string {
  if (json === true) return jsonReport(result, unknown);
  const colors = wantsColors(stdout.isTTY === true, env);
  return textReport(result, { colors, width: stdout.columns ?? DEFAULT_WIDTH, unknown });
}

function ask(conditions: readonly FailCondition[], result: ReplayResult, io: Io): number {
  const failed = conditions.filter((condition) => condition.count(result) > 0);
  for (const condition of failed) {
    io.stderr.write(`dockfw: --fail-on ${condition.text}: ${condition.count(result)}\n`);
  }
  return failed.length > 0 ? EXIT_NO : EXIT_OK;
}
