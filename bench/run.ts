/** `npm run bench`: measures every row and prints a table; see README.md for what they mean. */
import { classifyRows } from './classify.ts';
import { conntrackRows } from './conntrack.ts';
import { decodeRows } from './decode.ts';
import { endToEndRows } from './end-to-end.ts';
import { median } from './row.ts';
import { readSettings } from './settings.ts';

const settings = readSettings(process.argv.slice(2));
const rows = [...decodeRows, ...classifyRows, ...conntrackRows, ...endToEndRows(settings.workers)];
const { packets, connections, ports, rounds } = settings;

const millions = (rate: number): string => (rate / 1e6).toFixed(2).padStart(9);
const line = (name: string, ...cells: readonly string[]): void => {
  process.stdout.write(`${name.padEnd(30)}${cells.join('')}\n`);
};

process.stdout.write(
  `${packets} packets, ${connections} connections, ${ports} published ports; median of ${rounds}\n`,
);
line('', '   Mpkt/s', '   lowest', '  highest', '   ns/pkt');
for (const row of rows.filter(({ name }) => name.includes(settings.only))) {
  const { rates } = await row.measure(settings);
  const rate = median(rates);
  const nanos = (1e9 / rate).toFixed(1).padStart(9);
  line(row.name, millions(rate), millions(Math.min(...rates)), millions(Math.max(...rates)), nanos);
}
