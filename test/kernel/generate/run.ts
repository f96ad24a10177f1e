/**
 * Random cases against the running kernel: `npm run lab -- [--backend nft|legacy] [--shrink N]
 * [--keep DIR] SEED[-LAST] …`. Prints what differs; --shrink makes the first N of them smaller,
 * --keep writes every case that differs to DIR. Exit status 1: something differs. Needs root.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { readCase } from '../case.ts';
import { type CaseResult, checkCase, describeResult } from '../check-case.ts';
import { type Backend, Lab, LabError } from '../lab/client.ts';
import { type Judged, judgeQuestion, judgeSeed, type Question, writeCase } from './lab-case.ts';
import { shrink } from './shrink.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    backend: { type: 'string', default: 'both' },
    shrink: { type: 'string', default: '0' },
    keep: { type: 'string' },
    limit: { type: 'string', default: '6' },
  },
});
const backends = (['nft', 'legacy'] as const).filter((name) =>
  ['both', name].includes(values.backend),
);
const scratch = mkdtempSync(join(tmpdir(), 'dockfw-lab-'));
const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function compare(judged: Judged, directory: string): Promise<CaseResult> {
  writeCase(directory, judged);
  return checkCase(readCase(dirname(directory), basename(directory)), 1);
}

const isEqual = ({ counters, outcomes }: CaseResult): boolean =>
  counters.length === 0 && outcomes.length === 0;

function show(directory: string, result: CaseResult): void {
  const kernelCase = readCase(dirname(directory), basename(directory));
  print(describeResult(kernelCase, result, Number(values.limit)));
}

async function smaller(lab: Lab, question: Question): Promise<void> {
  const directory = join(scratch, 'shrinking');
  const small = await shrink(question, async (candidate) => {
    return !isEqual(await compare(await judgeQuestion(lab, candidate), directory));
  });
  const judged = await judgeQuestion(lab, small);
  const kept = join(values.keep ?? scratch, `small-${question.backend}-${question.seed}`);
  print(`smaller, in ${kept}:`);
  show(kept, await compare(judged, kept));
  print(judged.frames.map(({ shot }, i) => `  ${i + 1}: ${shot.note}`).join('\n'));
  const rules = [judged.host['iptables-save.txt'], judged.host['ip6tables-save.txt']].join('\n');
  print(
    rules
      .split('\n')
      .filter((line) => /^\*|-A /.test(line))
      .join('\n'),
  );
}

let [cases, different, refused] = [0, 0, 0];

/** null where this kernel does not take the rules together, though it takes each. */
async function loadable(lab: Lab, seed: number, backend: Backend): Promise<Judged | null> {
  try {
    return await judgeSeed(lab, seed, backend);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    print(`${backend}-${seed}: not asked: ${error.message}`);
    refused++;
    return null;
  }
}

async function run(backend: Backend): Promise<void> {
  const lab = new Lab();
  try {
    for (const range of positionals.length === 0 ? ['1-20'] : positionals) {
      const [first = 1, last = first] = range.split('-').map(Number);
      for (let seed = first; seed <= last; seed++) {
        const judged = await loadable(lab, seed, backend);
        if (judged === null) continue;
        const directory = join(scratch, `${backend}-${seed}`);
        const result = await compare(judged, directory);
        cases++;
        if (isEqual(result)) continue;
        different++;
        if (values.keep !== undefined) writeCase(join(values.keep, `${backend}-${seed}`), judged);
        show(directory, result);
        if (different <= Number(values.shrink)) await smaller(lab, judged.question);
      }
    }
  } finally {
    await lab.close();
  }
}

for (const backend of backends) await run(backend);
print(`${cases} cases, ${different} differ from the kernel, ${refused} not asked`);
if (different > 0) process.exitCode = 1;
