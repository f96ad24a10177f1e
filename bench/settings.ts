import { fail, numberOf, readArguments } from '../test/command-line.ts';

export interface Settings {
  /** Frames of each capture, end to end. */
  readonly packets: number;
  /** Frames of which the rows of parts judge the first ones. */
  readonly partPackets: number;
  /** Headers that the decision table is asked about. */
  readonly headers: number;
  /** Sizes of the access lists. */
  readonly rules: readonly number[];
  /** Numbers of connections. */
  readonly connections: readonly number[];
  /** Numbers of published ports, end to end. */
  readonly ports: readonly number[];
  /** Numbers of workers, end to end. */
  readonly workers: readonly number[];
  /** What rows have that are not about a number of ports or connections. */
  readonly usualPorts: number;
  readonly usualConnections: number;
  readonly rounds: number;
  /** Rows whose names it matches. */
  readonly only: RegExp;
  /** Whether what people could use instead is measured as well. */
  readonly peers: boolean;
}

const FULL = {
  packets: 5_000_000,
  partPackets: 2_000_000,
  headers: 1_000_000,
  rules: [10, 100, 1000, 10_000, 50_000, 100_000],
  connections: [1000, 65_536, 1_048_576, 4_194_304],
  ports: [10, 100, 1000, 10_000],
  usualPorts: 1000,
  usualConnections: 65_536,
  rounds: 5,
};
const SMOKE: typeof FULL = {
  packets: 20_000,
  partPackets: 20_000,
  headers: 2000,
  rules: [10, 1000],
  connections: [1000],
  ports: [50],
  usualPorts: 50,
  usualConnections: 1000,
  rounds: 1,
};

export function readSettings(args: readonly string[]): Settings {
  const { values } = readArguments('npm run bench -- [OPTIONS] (bench/README.md)', {
    args: [...args],
    options: {
      smoke: { type: 'boolean', default: false },
      peers: { type: 'boolean', default: false },
      packets: { type: 'string' },
      rules: { type: 'string' },
      connections: { type: 'string' },
      ports: { type: 'string' },
      rounds: { type: 'string' },
      workers: { type: 'string', default: '1,2' },
      only: { type: 'string', default: '' },
    },
  });
  const sizes = values.smoke ? SMOKE : FULL;
  return {
    ...sizes,
    packets: countOf('packets', values.packets, sizes.packets),
    rules: numbersOf('rules', values.rules, sizes.rules),
    connections: numbersOf('connections', values.connections, sizes.connections),
    ports: numbersOf('ports', values.ports, sizes.ports),
    workers: numbersOf('workers', values.workers, []),
    rounds: countOf('rounds', values.rounds, sizes.rounds),
    only: patternOf(values.only),
    peers: values.peers,
  };
}

function countOf(name: string, text: string | undefined, fallback: number): number {
  return text === undefined ? fallback : numberOf(`--${name}`, text);
}

function numbersOf(
  name: string,
  text: string | undefined,
  fallback: readonly number[],
): readonly number[] {
  return text?.split(',').map((word) => numberOf(`--${name}`, word)) ?? fallback;
}

function patternOf(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return fail(`--only: ${error.message}`);
  }
}
