/** `npm run bench`: measures every row and prints a table; see README.md for what they mean. */
import { fail } from '../test/command-line.ts';
import { classifyRows } from './classify.ts';
import { compileRows } from './compile.ts';
import { connectionRows } from './connections.ts';
import { conntrackRows } from './conntrack.ts';
import { decisionTableRows } from './decision-table.ts';
import { decodeRows } from './decode.ts';
import { endToEndRows } from './end-to-end.ts';
import { lookupRows } from './lookup.ts';
import { printHead, printLine, printSkipped } from './print.ts';
import type { Contender, Round, Row, Sample } from './row.ts';
import { readSettings, type Settings } from './settings.ts';

interface Running extends Contender {
  readonly round: Round;
  readonly samples: Sample[];
}

async function measure({ name, contenders }: Row, settings: Settings): Promise<void> {
  process.stdout.write(`${name}\n`);
  let running: Running[] = [];
  for (const contender of contenders.filter((one) => settings.peers || isOurs(one))) {
    const round = await orWhyNot(contender, () => contender.prepare(settings));
    if (typeof round === 'string') printSkipped(`  ${contender.who}`, round);
    else running.push({ ...contender, round, samples: [] });
  }
  for (let count = 0; count < settings.rounds; count++) {
    // in turns, so that whatever else the machine does meets them all
    for (const one of running) {
      const sample = await orWhyNot(one, one.round);
      if (typeof sample !== 'string') one.samples.push(sample);
      else printSkipped(`  ${one.who}`, sample);
    }
    running = running.filter(({ samples }) => samples.length > count);
  }
  for (const { who, samples } of running) {
    printLine(`  ${who}`, samples, running[0]?.samples ?? samples);
  }
}

const isOurs = ({ who }: Contender): boolean => who.startsWith('dockfw');

/** What a contender does; a text when it is a peer that cannot (no AVX-512 here, say). */
async function orWhyNot<T>(who: Contender, act: () => Promise<T>): Promise<T | string> {
  try {
    return await act();
  } catch (error) {
    if (isOurs(who)) throw error;
    return (error instanceof Error ? error.message : String(error)).replaceAll('\n', ' | ');
  }
}

const settings = readSettings(process.argv.slice(2));
const rows = [
  ...decodeRows,
  ...lookupRows(settings),
  ...decisionTableRows(settings),
  ...connectionRows(settings),
  ...classifyRows,
  ...conntrackRows,
  ...compileRows(settings),
  ...endToEndRows(settings),
];
const chosen = rows.filter(({ name }) => settings.only.test(name));
if (chosen.length === 0) fail(`--only: no row's name matches ${settings.only}`);
printHead();
for (const row of chosen) await measure(row, settings);
