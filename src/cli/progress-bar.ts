/** Apart from progress.ts, as most runs are too short to need its package. */
import { Writable } from 'node:stream';
import { Presets, SingleBar } from 'cli-progress';
import type { Output } from './io.ts';

/** A bar that goes to `total`, or where that is not known (`hasSize` false) counts frames. */
export function startBar(output: Output, total: number, hasSize: boolean): SingleBar {
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
  bar.start(total, 0, { frames: '0' });
  return bar;
}
