/** bridge-fdb.json: `bridge -j fdb show`. */
import type { MacAddress } from '../ruleset/values.ts';
import type { FdbEntry } from './host.ts';
import { JsonSource } from './json-source.ts';
import type { SourceText } from './notes.ts';
import { parseMac } from './text.ts';

/** An entry by interface names. */
export interface NamedFdbEntry {
  readonly bridge: string;
  /** Equal to `bridge` for the bridge's own addresses. */
  readonly ifname: string;
  readonly mac: MacAddress;
  readonly state: FdbEntry['state'];
}

/** Group addresses are flooded, not looked up. */
function isGroup(mac: MacAddress): boolean {
  return Math.floor(mac / 2 ** 40) % 2 === 1;
}

/**
 * Entries of bridges' databases; those of a device's own address filter ("self" without a master)
 * are no forwarding entries. One per bridge and address: VLANs are not told apart.
 */
export function readFdb(source: SourceText): NamedFdbEntry[] {
  const json = new JsonSource(source);
  const entries = new Map<string, NamedFdbEntry>();
  for (const object of json.objects(json.root, 'the list of entries')) {
    const bridge = json.string(object, 'master');
    const ifname = json.string(object, 'ifname');
    if (bridge === null || ifname === null) {
      if (ifname === null && object.members.size > 0)
        json.problem(object, 'entry without "ifname"');
      continue;
    }
    const mac = json.parsed(object, 'mac', 'a link address', parseMac);
    if (mac === null || isGroup(mac)) continue;
    const word = json.string(object, 'state') ?? '';
    const state = word === 'permanent' ? 'local' : word === 'static' ? 'static' : 'learned';
    const key = `${bridge} ${mac}`;
    if (!entries.has(key)) entries.set(key, { bridge, ifname, mac, state });
  }
  return [...entries.values()];
}
