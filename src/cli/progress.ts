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
    const { startBar } = await import('./progress-bar.ts');
    if (this.#stopped) return;
    this.#bar = startBar(output, SCALE, hasSize);
  }

  /** Takes the bar away. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#stopped = true;
  }
}
