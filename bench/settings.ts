import { parseArgs } from 'node:util';

export interface Settings {
  readonly packets: number;
  readonly connections: number;
  /** Published ports. */
  readonly ports: number;
  /** Frames of which the rows of parts judge the first ones. */
  readonly partPackets: number;
  readonly rounds: number;
  /** Numbers of workers, end to end. */
  readonly workers: readonly number[];
  /** Rows whose names contain it; '' for all. */
  readonly only: string;
}

const FULL = { packets: 5_000_000, connections: 65_536, ports: 1000, partPackets: 2_000_000 };
const SMOKE = { packets: 20_000, connections: 1000, ports: 50, partPackets: 20_000 };

export function readSettings(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      smoke: { type: 'boolean', default: false },
      packets: { type: 'string' },
      connections: { type: 'string' },
      ports: { type: 'string' },
      rounds: { type: 'string' },
      workers: { type: 'string', default: '1,2' },
      only: { type: 'string', default: '' },
    },
  });
  const sizes = values.smoke ? SMOKE : FULL;
  return {
    packets: numberOf('packets', values.packets, sizes.packets),
    connections: numberOf('connections', values.connections, sizes.connections),
    ports: numberOf('ports', values.ports, sizes.ports),
    partPackets: sizes.partPackets,
    rounds: numberOf('rounds', values.rounds, values.smoke ? 1 : 5),
    workers: values.workers.split(',').map((word) => numberOf('workers', word, 1)),
    only: values.only,
  };
}

function numberOf(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${name}: expected a number from 1, not ${text}`);
}
