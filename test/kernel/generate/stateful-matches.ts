/** Random matches with state across packets. */
import type { Random } from '../../oracle/random.ts';
import type { Place } from './matches.ts';
import type { Family } from './topology.ts';

type Kinds = (() => string[])[];

export function statefulMatches(random: Random, place: Place): Kinds {
  const { unique, timed, spaced, family } = place;
  const name = (): string => `lab${unique()}`;
  return [
    ...counting(random, name),
    ...(timed ? passing(random, name) : []),
    ...(spaced ? Array.from({ length: 6 }, () => () => connlimit(random, family)) : []),
  ];
}

/** Closed connections are forgotten once a jiffy. */
function connlimit(random: Random, family: Family): string[] {
  const masks = family === 4 ? [0, 8, 24, 32] : [0, 32, 64, 128];
  return [
    ...['-m', 'connlimit', random.pick(['--connlimit-upto', '--connlimit-above'])],
    ...[`${random.int(0, 4)}`, '--connlimit-mask', `${random.pick(masks)}`],
    random.pick(['--connlimit-saddr', '--connlimit-daddr']),
  ];
}

/** Counts that hold within the seconds that a case takes. */
function counting(random: Random, name: () => string): Kinds {
  const every = random.int(2, 5);
  const nth = ['--every', `${every}`, '--packet', `${random.int(0, every - 1)}`];
  const not = (): string => (random.chance(0.2) ? '!' : '');
  return [
    () => ['-m', 'statistic', '--mode', 'nth', ...nth],
    () => ['-m', 'limit', '--limit', '1/hour', '--limit-burst', `${random.int(1, 8)}`],
    () => ['-m', 'quota', not(), '--quota', `${random.int(100, 2000)}`],
    () => hashlimit(random, name(), '1/hour', random.int(1, 4)),
    () => ['-m', 'recent', '--name', name(), random.pick(['--set', '--rcheck', '--update'])],
    () => ['-m', 'recent', '--name', 'shared', '--set', random.pick(['--rsource', '--rdest'])],
    () => [
      ...['-m', 'recent', '--name', 'shared', random.pick(['--rcheck', '--update', '--remove'])],
      random.pick(['--rsource', '--rdest']),
    ],
    () => ['-m', 'recent', '--name', 'shared', '--update', '--hitcount', `${random.int(1, 4)}`],
  ];
}

/**
 * What a wait lets through again. Of more than one packet in a burst, it would be a matter of
 * milliseconds how many are.
 */
function passing(random: Random, name: () => string): Kinds {
  const rate = (): string => random.pick(['1/second', '30/minute']);
  const seconds = (): string => `${random.pick([1, 2, 4])}`;
  const recent = (...words: string[]): string[] => ['-m', 'recent', '--name', 'shared', ...words];
  return [
    () => ['-m', 'limit', '--limit', rate(), '--limit-burst', '1'],
    () => ['-m', 'limit', '--limit', rate(), '--limit-burst', '1'],
    () => hashlimit(random, name(), rate(), 1),
    () => hashlimit(random, name(), rate(), 1),
    () => recent('--set'),
    () => recent('--rcheck', '--seconds', seconds()),
    () => recent('--update', '--seconds', seconds(), '--hitcount', `${random.int(1, 4)}`),
    () => recent('--rcheck', '--seconds', seconds(), '--reap'),
  ];
}

function hashlimit(random: Random, name: string, rate: string, burst: number): string[] {
  return [
    ...['-m', 'hashlimit', random.pick(['--hashlimit-upto', '--hashlimit-above']), rate],
    ...['--hashlimit-burst', `${burst}`, '--hashlimit-name', name],
    ...['--hashlimit-mode', random.pick(['srcip', 'dstip', 'srcip,dstport', 'dstip,srcport'])],
  ];
}
