/**
 * Cases against the running kernel: `npm run lab -- [OPTIONS] FILE.json … SEED[-LAST] …`.
 *
 * FILE.json is asked as it is; a seed stands for random rules and traffic, by default with both
 * back ends. What differs is printed. Needs root. Exit status 1: something differs.
 *
 *   --backend nft|legacy  seeds with one back end
 *   --fresh N             N seeds that derive from the commit
 *   --keep DIR            writes every case that differs to DIR
 *   --shrink N            makes the first N of them smaller
 *   --update              writes the kernel's answer into each FILE.json
 */
import { fail, numberOf, readArguments, seedsOf } from '../../command-line.ts';
import { caseName, readCaseFile, writeCaseFile } from '../case-file.ts';
import { ask } from '../lab/ask.ts';
import { whyNoLab } from '../lab/available.ts';
import { changes, refusedRules } from '../lab/changes.ts';
import { Lab, LabError } from '../lab/client.ts';
import type { Backend, Judged } from '../lab/question.ts';
import { Examiner } from './examine.ts';
import { freshSeeds } from './fresh.ts';
import { judgeSeed } from './seed.ts';

const { values, positionals } = readArguments(
  'npm run lab -- [OPTIONS] FILE.json … SEED[-LAST] … (docs/exactness.md)',
  {
    allowPositionals: true,
    options: {
      backend: { type: 'string', default: 'both' },
      fresh: { type: 'string', default: '0' },
      keep: { type: 'string' },
      limit: { type: 'string', default: '6' },
      shrink: { type: 'string', default: '0' },
      update: { type: 'boolean', default: false },
    },
  },
);
const print = (text: string): void => void process.stdout.write(`${text}\n`);

const backends: readonly string[] =
  values.backend === 'both' ? ['nft', 'legacy'] : [values.backend];
if (!backends.every((name) => name === 'nft' || name === 'legacy')) {
  fail(`no such back end: ${values.backend}`);
}
const files = positionals.filter((word) => word.endsWith('.json'));
for (const path of files) {
  try {
    readCaseFile(path);
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
}
const fresh = numberOf('--fresh', values.fresh, 0);
const asked = positionals.filter((word) => !word.endsWith('.json')).flatMap(seedsOf);
const examiner = new Examiner({
  keep: values.keep ?? null,
  shrink: numberOf('--shrink', values.shrink, 0),
  limit: numberOf('--limit', values.limit),
  print,
});
let refused = 0;
/** Files whose answer the kernel does not give. */
let changed = 0;

/** null where this kernel does not take the rules together, though it takes each. */
async function judged(name: string, question: Promise<Judged>): Promise<Judged | null> {
  try {
    return await question;
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    print(`${name}: not asked: ${error.message}`);
    refused++;
    return null;
  }
}

async function runFile(lab: Lab, path: string): Promise<void> {
  const name = caseName(path);
  const { question, answer } = readCaseFile(path);
  const now = await judged(name, ask(lab, question));
  if (now === null) {
    changed++;
    return;
  }
  const problems = refusedRules(question, now).map((rule) => `the kernel refuses ${rule}`);
  if (answer !== null && !values.update) problems.push(...changes(answer, now));
  if (problems.length > 0) {
    changed++;
    print([`${name}: the kernel's answer is not that of the file`, ...problems].join('\n'));
  }
  if (values.update) writeCaseFile(path, { question, answer: now.answer });
  if (await examiner.examine(lab, name, now, path)) print(`${name}: equal`);
}

function newSeeds(): number[] {
  if (fresh === 0) return [];
  const { first, from } = freshSeeds();
  const last = first + fresh - 1;
  print(`fresh seeds ${first}-${last}, of ${from}`);
  return seedsOf(`${first}-${last}`);
}

const ROW = 10;

async function runSeeds(lab: Lab, backend: Backend, seeds: readonly number[]): Promise<void> {
  const row: number[] = [];
  const printRow = (): void => {
    if (row.length > 0) print(`${backend} ${row.splice(0).join(' ')}`);
  };
  for (const seed of seeds) {
    const name = `${backend}-${seed}`;
    const now = await judged(name, judgeSeed(lab, seed, backend));
    if (now !== null) {
      await examiner.examine(lab, name, now, `--backend ${backend} ${seed}`);
    }
    if (row.push(seed) === ROW) printRow();
  }
  printRow();
}

/** What is to be asked with one back end: in a lab of its own, as the other works beside it. */
async function run(backend: Backend, place: number, seeds: readonly number[]): Promise<void> {
  const lab = new Lab(place);
  try {
    const own = files.filter((path) => readCaseFile(path).question.backend === backend);
    for (const path of own) await runFile(lab, path);
    if (backends.includes(backend)) await runSeeds(lab, backend, seeds);
  } finally {
    await lab.close();
  }
}

const why = whyNoLab();
if (files.length + asked.length + fresh === 0) fail('neither FILE.json, SEED nor --fresh N');
if (why !== null) {
  print(`skipped: ${why}`);
  if (fresh === 0) process.exitCode = 2;
} else {
  const seeds = [...asked, ...newSeeds()];
  await Promise.all([run('nft', 0, seeds), run('legacy', 1, seeds)]);
  const { cases, different, passing } = examiner;
  print(
    `${cases} cases, ${different} differ from the kernel, ${passing} differed once, ` +
      `${refused} not asked`,
  );
  if (different + changed > 0 || cases === 0) process.exitCode = 1;
}
