/** DPDK's access lists (librte_acl), asked by its own test program about the same headers. */
import { availableParallelism } from 'node:os';
import { classBenchOf } from '../inputs.ts';
import type { Contender, Sample } from '../row.ts';
import type { Settings } from '../settings.ts';
import { isInstalled, type Line, numberIn, run } from './tools.ts';

const PROGRAM = 'dpdk-test-acl';
const MISSING = `${PROGRAM} is not installed (Debian: dpdk-dev)`;
const ALGORITHMS = ['scalar', 'sse', 'avx2', 'avx512x16', 'avx512x32'];
/** Building a list of 50,000 rules takes a gigabyte. */
const MEGABYTES = 4096;
/** Times that the program goes over all headers. */
const PASSES = 5;

/** Everything before `--` is for DPDK: no hugepages, no devices, one thread, any SIMD width. */
function argumentsFor(count: number, settings: Settings, more: readonly string[]): string[] {
  const { rules, trace } = classBenchOf(count, settings.headers);
  return [
    ...['--no-huge', '-m', `${MEGABYTES}`, '--no-pci', '--no-telemetry', '--no-shconf'],
    ...[`--lcores=0@(0-${availableParallelism() - 1})`, '--log-level=lib.acl:8'],
    ...['--force-max-simd-bitwidth=512', '--'],
    ...[`--rulesf=${rules}`, `--rulenum=${count}`, `--tracef=${trace}`],
    ...[`--tracenum=${settings.headers}`, '--tracestep=256', '--bldcat=1', '--runcat=1'],
    ...['--verbose=0', ...more],
  ];
}

/** How fast a list answers, with every algorithm. */
export function rteAclContenders(count: number): Contender[] {
  return ALGORITHMS.map((algorithm) => ({
    who: `rte_acl ${algorithm}`,
    prepare: async (settings) => {
      if (!isInstalled(PROGRAM)) return MISSING;
      const args = argumentsFor(count, settings, [`--alg=${algorithm}`, `--iter=${PASSES}`]);
      return async () => ({ rate: numberIn(await run(PROGRAM, args), /, ([\d.]+) pkt\/sec/) });
    },
  }));
}

/** How long a list takes to be built, from the file, and how large it is then. */
export function rteAclBuilder(count: number): Contender {
  return {
    who: 'rte_acl',
    prepare: async (settings) => {
      if (!isInstalled(PROGRAM)) return MISSING;
      const args = argumentsFor(count, settings, ['--iter=1']);
      // line by line, or all of them would come at the end
      return async () => building(await run('stdbuf', ['-oL', PROGRAM, ...args]));
    },
  };
}

/** The program says what it is going to do, then reads the rules and builds, and says so. */
function building(lines: readonly Line[]): Sample {
  const millisOf = (start: string) =>
    lines.find(({ text }) => text.startsWith(start))?.millis ?? Number.NaN;
  return {
    compileMillis: millisOf('rte_acl_build(1) finished') - millisOf('ipv6:'),
    bytes: numberIn(lines, /^total: (\d+) bytes/),
  };
}
