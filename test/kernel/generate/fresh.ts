/** Seeds that nobody has tried: others for every change, the same whenever it is tested. */
import { execFileSync } from 'node:child_process';

export interface FreshSeeds {
  readonly first: number;
  /** What they derive from. */
  readonly from: string;
}

export function freshSeeds(): FreshSeeds {
  try {
    const head = execFileSync('git', ['rev-parse', 'HEAD'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const commit = head.toString().slice(0, 7);
    return { first: Number.parseInt(commit, 16), from: `commit ${commit}` };
  } catch {
    const date = new Date().toISOString().slice(0, 10);
    return { first: Number(date.replaceAll('-', '')), from: date };
  }
}
