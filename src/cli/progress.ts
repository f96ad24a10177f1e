import { Writable } from 'node:stream';
import type { SingleBar } from 'cli-progress';
import type { ReplayProgress } from '../replay.ts';
import { count } from '../report/format.ts';
import type { Output } from './io.ts';

const SCALE = 1000;
/** Short work ends without a bar ever showing. */
const DELAY_MILLIS = 500;

/** A progress bar on a terminal; on anything else nothing. */
export class Progress {
  readonly #output: Output | undefined;
  readonly #started = Date.now();
  #bar: SingleBar | undefined;
  #starting: Promise<void> | undefined;
  #stopped = false;

  constructor(output: Output) {
    this.#output = output.isTTY === true ? output : undefined;
  }

  readonly update = ({ fraction, frames }: ReplayProgress): void => {
    if (this.#output === undefined || Date.now() - this.#started < DELAY_MILLIS) return;
    this.#starting ??= this.#start(this.#output, fraction !== undefined);
    this.#bar?.update(Math.round((fraction ?? 0) * SCALE), { frames: count(frames) });
  };

  async #start(output: Output, hasSize: boolean): Promise<void> {
    const bar = await startBar(output, hasSize);
    if (this.#stopped) bar.stop();
    else this.#bar = bar;
  }

  /** Takes the bar away. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#stopped = true;
  }
}

async function startBar(output: Output, hasSize: boolean): Promise<SingleBar> {
  const { Presets, SingleBar } = await import('cli-progress'); // short runs show none
  const stream = Object.assign(
    new Writable({
      write: (chunk, _encoding, done) => {
        output.write(String(chunk));
        done();
      },
    }),
    { isTTY: true, columns: output.columns ?? 80 },
  );
  const bar = new SingleBar(
    {
      stream,
      format: hasSize
        ? 'replaying {bar} {percentage}%  {frames} frames  {eta_formatted} left'
        : 'replaying  {frames} frames  {duration_formatted}',
      clearOnComplete: true,
      hideCursor: true,
      barsize: 30,
      fps: 10,
    },
    Presets.shades_classic,
  );
  bar.start(SCALE, 0, { frames: '0' });
  return bar;
}
