/** `npm run bench`: measures every row and prints a table; see README.md for what they mean. */
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

async function measure({ name, contenders }: Row, settings: Settings): Promise<void> {
  const running: { who: string; round: Round; samples: Sample[] }[] = [];
  process.stdout.write(`${name}\n`);
  for (const { who, prepare } of contendersOf(contenders, settings)) {
    const round = await prepare(settings);
    if (typeof round === 'string') printSkipped(`  ${who}`, round);
    else running.push({ who, round, samples: [] });
  }
  for (let count = 0; count < settings.rounds; count++) {
    // in turns, so that whatever else the machine does meets them all
    for (const { round, samples } of running) samples.push(await round());
  }
  for (const { who, samples } of running) {
    printLine(`  ${who}`, samples, running[0]?.samples ?? samples);
  }
}

function contendersOf(all: readonly Contender[], { peers }: Settings): readonly Contender[] {
  return peers ? all : all.filter(({ who }) => who.startsWith('dockfw'));
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
printHead();
for (const row of rows.filter(({ name }) => settings.only.test(name))) {
  await measure(row, settings);
}
