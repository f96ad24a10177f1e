/** Loaded before a process's program: tells on descriptor 3 how much memory it took at most. */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('exit', () => writeSync(3, `${process.resourceUsage().maxRSS * 1024}`));
}
