/** Random ipsets, for ipset restore. */
import type { Random } from '../../oracle/random.ts';
import type { Family } from './topology.ts';
import { anyAddress, networks, PORTS } from './values.ts';

export interface RandomSet {
  readonly name: string;
  readonly family: Family;
  /** Flags of --match-set; `*` is src or dst. */
  readonly flags: readonly string[];
  readonly lines: readonly string[];
}

export function randomSets(random: Random): RandomSet[] {
  if (!random.chance(0.4)) return [];
  return ([4, 6] as const).flatMap((family) => setsOf(random, family));
}

function setsOf(random: Random, family: Family): RandomSet[] {
  const inet = family === 4 ? 'inet' : 'inet6';
  const some = <T>(list: readonly T[]): T[] => random.some(list, random.int(1, 4));
  const make = (
    type: string,
    flags: readonly string[],
    entries: readonly string[],
    options = `family ${inet}`,
  ): RandomSet => {
    const name = `${type.replace(/[:,]/g, '-')}-${family}`;
    const adds = [...new Set(entries)].map((entry) => `add ${name} ${entry}`);
    return { name, family, flags, lines: [`create ${name} ${type} ${options}`, ...adds] };
  };
  const narrow = networks(family).filter((network) => !network.endsWith('/1'));
  const service = (address: string): string =>
    `${address},${random.pick(['tcp', 'udp'])}:${random.pick(PORTS)}`;
  return random.some(
    [
      make('hash:ip', ['*'], some(anyAddress(family))),
      make('hash:net', ['*'], some(narrow)),
      make('hash:ip,port', ['*', '*'], some(anyAddress(family)).map(service)),
      make('hash:net,port', ['*', '*'], some(narrow).map(service)),
      make('bitmap:port', ['*'], some(PORTS).map(String), 'range 0-65535'),
    ],
    2,
  );
}
