/** readHost: a snapshot read, completed by defaults, every default and every problem noted. */
import type { Ipset } from '../ruleset/ipset.ts';
import { parseIpsets } from '../ruleset/ipset-parser.ts';
import { parseRuleset } from '../ruleset/parser.ts';
import type { Ruleset } from '../ruleset/ruleset.ts';
import type { Family } from '../ruleset/values.ts';
import { assignContainers, assignInterfaces, assignNetworks, neighboursOf } from './assign-ids.ts';
import { type NamedFdbEntry, readFdb } from './bridge-fdb.ts';
import { completeRoutes, routeFile } from './complete-routes.ts';
import { readConntrack } from './conntrack.ts';
import { DEFAULT_HOST, DEFAULT_HOST_SOURCE } from './default-host.ts';
import { readContainers, readDockerVersion, readNetworks } from './docker.ts';
import type { FdbEntry, Host, Interface } from './host.ts';
import { type Evidence, inferLinks, mentionedNames } from './infer-links.ts';
import { type Links, readLinks } from './links.ts';
import { type NftTables, NO_NFT_TABLES, readNativeTables } from './native-tables.ts';
import type { Notes, SourceText } from './notes.ts';
import { type NamedPolicyRule, readPolicyRules, standardRules } from './policy-rules.ts';
import { RouteTables } from './route-tables.ts';
import { type NamedRoutes, readRoutes } from './routes.ts';
import { type RuleHints, ruleHints } from './rule-hints.ts';
import { type HostOptions, readSnapshot, type Snapshot, type SnapshotFile } from './snapshot.ts';
import { readSysctls } from './sysctl.ts';

/** The files of one snapshot; those that are missing or say nothing leave an assumption. */
class Files {
  private readonly snapshot: Snapshot;
  readonly notes: Notes;

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
    this.notes = snapshot.notes;
  }

  /** A file's text, even when it is empty. */
  get(name: SnapshotFile): SourceText | undefined {
    return this.snapshot.files.get(name);
  }

  /** A file with something in it; without it `assumption` (null: none is made) is noted. */
  filled(name: SnapshotFile, assumption: string | null): SourceText | undefined {
    const source = this.get(name);
    if (source !== undefined && source.text.trim() !== '') return source;
    if (assumption !== null) this.notes.assume(name, assumption);
    return undefined;
  }
}

/** An empty file is what iptables-save writes where there is no table at all. */
function parseRules(source: SourceText, family: Family): Ruleset {
  const { notes, path, text } = source;
  const { ruleset, problems } = parseRuleset(text, { file: path, family });
  notes.problems.push(...problems);
  if (ruleset.tables.every(({ chains }) => chains.length === 0)) {
    const [name, whose] =
      family === 4 ? (['iptables', ''] as const) : (['ip6tables', 'IPv6: '] as const);
    source.nothingFound(`${name}-save`);
    const why = text.trim() === '' ? 'empty' : 'no rules in it';
    notes.assume(`${name}-save.txt`, `${why}: ${whose}every policy ACCEPT`);
  }
  return ruleset;
}

function readRulesV4(files: Files): Ruleset {
  const name = 'iptables-save.txt';
  const source = files.get(name);
  if (source === undefined) {
    files.notes.assume(name, `the rules of ${DEFAULT_HOST_SOURCE}`);
    const file = `${DEFAULT_HOST_SOURCE}: ${name}`;
    return parseRuleset(DEFAULT_HOST[name] ?? '', { file, family: 4 }).ruleset;
  }
  return parseRules(source, 4);
}

function readRulesV6(files: Files): Ruleset | null {
  const source = files.get('ip6tables-save.txt');
  if (source !== undefined) return parseRules(source, 6);
  files.notes.assume('ip6tables-save.txt', 'IPv6: every policy ACCEPT');
  return null;
}

function readSets(files: Files): readonly Ipset[] {
  const source = files.filled('ipset-save.txt', null);
  if (source === undefined) return [];
  const { sets, problems } = parseIpsets(source.text, { file: source.path });
  files.notes.problems.push(...problems);
  if (sets.length === 0) source.nothingFound('ipset save');
  return sets;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function readNative(files: Files): NftTables {
  const source = files.filled('nft-ruleset.json', null);
  if (source === undefined) return NO_NFT_TABLES;
  const nft = readNativeTables(source);
  const { tables, xtables } = nft;
  if (xtables.length > 0 && files.get('iptables-save.txt') === undefined) {
    const text = `the rules of ${xtables.join(', ')} are not read: iptables-save.txt would have them`;
    files.notes.assume('nft-ruleset.json', text);
  }
  for (const { family, name, chains, rules } of tables) {
    const size = `${plural(chains, 'chain')}, ${plural(rules, 'rule')}`;
    const text = `table ${family} ${name} (${size}) is not evaluated: packets are taken to pass it`;
    files.notes.assume('nft-ruleset.json', text);
  }
  return nft;
}

function readRouteFile(files: Files, family: Family, tables: RouteTables): NamedRoutes | null {
  const source = files.filled(routeFile(family), null);
  return source === undefined ? null : readRoutes(source, family, tables);
}

const STANDARD_PRIORITIES = new Set(standardRules(4).map((rule) => rule.priority));

function readRuleFile(files: Files, tables: RouteTables): NamedPolicyRule[] {
  const source = files.filled('ip-rule.json', 'tables local, main, default');
  if (source === undefined) return [...standardRules(4), ...standardRules(6)];
  const rules = readPolicyRules(source, tables);
  const custom = rules.some((rule) => rule.family === 4 && !STANDARD_PRIORITIES.has(rule.priority));
  const listsV6 = rules.some(
    (rule) => rule.family === 6 && !STANDARD_PRIORITIES.has(rule.priority),
  );
  // `ip rule` without -6 lists IPv4's alone
  if (custom && !listsV6) files.notes.assume('ip-rule.json', 'IPv6: tables local, main');
  return rules;
}

function readFdbFile(files: Files): NamedFdbEntry[] {
  const source = files.filled('bridge-fdb.json', 'ports are learned from the capture');
  return source === undefined ? [] : readFdb(source);
}

function fdbOf(
  entries: readonly NamedFdbEntry[],
  interfaces: readonly Interface[],
  idOf: (name: string | null) => number,
): FdbEntry[] {
  const fdb: FdbEntry[] = [];
  for (const { bridge, ifname, mac, state } of entries) {
    const bridgeId = idOf(bridge);
    const portId = idOf(ifname);
    if (interfaces[bridgeId - 1]?.kind !== 'bridge' || portId === 0) continue;
    // an address of a port itself is delivered to the host, as the bridge's own is
    fdb.push({ bridge: bridgeId, port: state === 'local' ? bridgeId : portId, mac, state });
  }
  return fdb;
}

function noteUnknownSets(hints: RuleHints, sets: readonly Ipset[], files: Files): void {
  if (files.filled('ipset-save.txt', null) !== undefined || sets.length > 0) return;
  if (hints.setNames.length === 0) return;
  files.notes.assume('ipset-save.txt', `no sets, though rules name ${hints.setNames.join(', ')}`);
}

/** The host that a snapshot describes, its notes among it. Used once for a snapshot. */
export function hostOf(snapshot: Snapshot): Host {
  const files = new Files(snapshot);
  const { notes } = files;
  const v4 = readRulesV4(files);
  const v6 = readRulesV6(files);
  const sets = readSets(files);
  const hints = ruleHints([v4, v6], sets);
  noteUnknownSets(hints, sets, files);
  const nft = readNative(files);
  const sysctls = readSysctls(files.filled('sysctl.txt', null), notes);

  const networkSource = files.filled('docker-networks.json', 'networks are named as their bridges');
  const dockerNetworks = networkSource === undefined ? [] : readNetworks(networkSource);
  const containerSource = files.filled('docker-containers.json', 'containers are named by address');
  const dockerContainers = containerSource === undefined ? [] : readContainers(containerSource);
  const versionSource = files.filled('docker-version.json', 'version of Docker unknown');
  const docker =
    versionSource === undefined ? { server: null, kernel: null } : readDockerVersion(versionSource);

  const linkSource = files.filled('ip-addr.json', null);
  const described: Links =
    linkSource === undefined ? { links: [], whole: false } : readLinks(linkSource);
  const tables = new RouteTables();
  const namedV4 = readRouteFile(files, 4, tables);
  const namedV6 = readRouteFile(files, 6, tables);
  const namedRules = readRuleFile(files, tables);
  const namedFdb = readFdbFile(files);
  const evidence: Evidence = {
    networks: dockerNetworks,
    containers: dockerContainers,
    routes: [...(namedV4?.routes ?? []), ...(namedV6?.routes ?? [])],
    policyRules: namedRules,
    fdb: namedFdb,
    hints,
    sysctlNames: sysctls.interfaceNames(),
    captureNames: snapshot.interfaces,
  };
  const inferred = described.whole ? [] : inferLinks(described.links, evidence, notes);
  const absent = described.whole ? mentionedNames(described.links, evidence) : [];

  const lists = { described: described.links, inferred, absent };
  const interfaces = assignInterfaces(lists, dockerNetworks, sysctls);
  const ids = new Map(interfaces.map((iface) => [iface.name, iface.id]));
  const idOf = (name: string | null) => (name === null ? 0 : (ids.get(name) ?? 0));
  const networks = assignNetworks(dockerNetworks, interfaces);
  const containers = assignContainers(dockerContainers, dockerNetworks);
  const conntrackSource = files.filled('conntrack.txt', 'no connection is known at the start');
  return {
    source: snapshot.source,
    interfaces,
    routes: [
      ...completeRoutes(namedV4, 4, interfaces, idOf, notes),
      ...completeRoutes(namedV6, 6, interfaces, idOf, notes),
    ],
    policyRules: namedRules.map((rule) => ({ ...rule, iif: idOf(rule.iif), oif: idOf(rule.oif) })),
    fdb: fdbOf(namedFdb, interfaces, idOf),
    neighbours: neighboursOf(containers, networks),
    sysctls: sysctls.global(),
    networks,
    containers,
    docker,
    rulesets: { v4, v6 },
    sets,
    conntrack: conntrackSource === undefined ? [] : readConntrack(conntrackSource),
    nativeTables: nft.tables,
    xtablesChains: nft.xtablesChains,
    assumed: notes.assumed,
    problems: notes.problems,
  };
}

/**
 * Reads a host snapshot: a directory, or what the options say. Whatever its files hold, the result
 * is a host; defaults that were used are in `assumed`, files or parts of them that are wrong in
 * `problems`. Rejects with a FileError for a directory or a rules file that is not there or not
 * readable, a UsageError for a name in `files` that is none, the signal's reason when aborted.
 */
export async function readHost(from: string | HostOptions = {}): Promise<Host> {
  return hostOf(await readSnapshot(typeof from === 'string' ? { dir: from } : from));
}
