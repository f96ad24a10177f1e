/** The structures that turn a field's value into a class: prefixes in a trie, ports in a bitmap. */
import { compileHost } from './core-pass.ts';
import { hostOf } from './inputs.ts';
import { partsWith, place } from './parts/parts-core.ts';
import { callsOf } from './parts/sample.ts';
import type { Round, Row } from './row.ts';
import type { Settings } from './settings.ts';
import { accessRules, maskOf } from './traffic/access-rules.ts';
import { Random } from './traffic/random.ts';

const ASKED = 65_536;

export function lookupRows({ rules }: Settings): Row[] {
  return rules.flatMap((count) => [
    row(`prefix trie, ${count} rules`, (settings) => trieRound(count, settings)),
    row(`port bitmap, ${count} rules`, (settings) => portRound(count, settings)),
  ]);
}

function row(name: string, prepare: (settings: Settings) => Promise<Round>): Row {
  return { name, contenders: [{ who: 'dockfw', prepare }] };
}

const anyParts = async (settings: Settings) =>
  partsWith(await compileHost(hostOf('none', settings.usualPorts)));

/** Destinations of an access list's rules, asked about addresses inside them. */
async function trieRound(count: number, settings: Settings): Promise<Round> {
  const parts = await anyParts(settings);
  const { core } = parts;
  const rules = accessRules(count);
  const boundaries = rules.flatMap(({ dst, dstLen }) => [
    dst,
    (dst + (~maskOf(dstLen) >>> 0) + 1) >>> 0, // the first address behind; behind the last one: 0
  ]);
  const trie = core.addressTrie(place(parts, Uint32Array.from(boundaries)), boundaries.length);
  const random = new Random(count);
  const asked = Uint32Array.from({ length: ASKED }, () => {
    const { dst, dstLen } = random.choice(rules);
    return dst | (random.word() & ~maskOf(dstLen));
  });
  const at = place(parts, asked);
  return callsOf(() => core.lookUpAddresses(trie, at, ASKED), ASKED, settings.rounds);
}

/** Destination ports of an access list's rules, asked about any ports. */
async function portRound(count: number, settings: Settings): Promise<Round> {
  const parts = await anyParts(settings);
  const { core } = parts;
  const boundaries = accessRules(count)
    .flatMap(({ dport: [low, high] }) => [low, high + 1])
    .filter((port) => port < 65_536);
  const map = core.portMap(place(parts, Uint16Array.from(boundaries)), boundaries.length);
  const random = new Random(count);
  const at = place(
    parts,
    Uint16Array.from({ length: ASKED }, () => random.word()),
  );
  return callsOf(() => core.lookUpPorts(map, at, ASKED), ASKED, settings.rounds);
}
