/**
 * Random cases against the running kernel: some that are always the same, some new ones each time.
 * LAB_SEEDS says how many new ones; the seeds are printed, and `npm run lab -- SEED` repeats one.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCase } from './case.ts';
import { checkCase, describeResult } from './check-case.ts';
import { judgeSeed, writeCase } from './generate/lab-case.ts';
import { type Backend, Lab, LabError } from './lab/client.ts';

const FIXED = { nft: 12, legacy: 6 } as const;
const FRESH = Number(process.env.LAB_SEEDS ?? 0);
const TOOLS = ['python3', 'ip', 'nft', 'iptables-nft', 'iptables-legacy', 'ipset', 'conntrack'];

/** Why the lab cannot run here; null: it can. */
function missing(): string | null {
  if (process.getuid?.() !== 0) return 'it needs root';
  for (const tool of TOOLS) {
    try {
      execFileSync('sh', ['-c', `command -v ${tool}`]);
    } catch {
      return `it needs ${tool}`;
    }
  }
  try {
    execFileSync('unshare', ['--net', 'true'], { stdio: 'ignore' });
  } catch {
    return 'it needs network namespaces';
  }
  return null;
}

const why = missing();
if (why !== null) process.stdout.write(`skipped: the lab: ${why}\n`);

describe.skipIf(why !== null).each<Backend>(['nft', 'legacy'])('the kernel, %s', (backend) => {
  const scratch = mkdtempSync(join(tmpdir(), 'dockfw-lab-'));
  const start = 1000 + Math.floor(Date.now() / 1000);
  const fresh = Array.from({ length: FRESH }, (_, i) => (start + i) % 1_000_000_000);
  let lab: Lab;

  beforeAll(() => {
    lab = new Lab();
  });
  afterAll(async () => {
    await lab.close();
    rmSync(scratch, { recursive: true });
  });

  test.each([...Array.from({ length: FIXED[backend] }, (_, i) => i + 1), ...fresh])(
    'seed %i',
    async (seed) => {
      const directory = join(scratch, `${seed}`);
      try {
        writeCase(directory, await judgeSeed(lab, seed, backend));
      } catch (error) {
        if (!(error instanceof LabError)) throw error;
        process.stdout.write(`seed ${seed}: this kernel refuses the rules: ${error.message}\n`);
        return;
      }
      const kernelCase = readCase(dirname(directory), basename(directory));
      const result = await checkCase(kernelCase, 1);
      expect(describeResult(kernelCase, result, 10)).toBe('');
    },
    60_000,
  );
});
