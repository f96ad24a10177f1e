/** Tables and their base chains, as the kernel has them for both families. */
const BASE_CHAINS: Readonly<Record<string, readonly string[]>> & { mangle: readonly string[] } = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
};

export const TABLE_NAMES: readonly string[] = Object.keys(BASE_CHAINS);

export function isKnownTable(table: string): boolean {
  return Object.hasOwn(BASE_CHAINS, table);
}

/** In an unknown table every name that is a base chain somewhere counts as one. */
export function isBaseChain(table: string, chain: string): boolean {
  const names = isKnownTable(table) ? BASE_CHAINS[table] : BASE_CHAINS.mangle;
  return names?.includes(chain) ?? false;
}

/**
 * The table that has exactly these base chains, for `iptables -S` output, which names none. filter
 * and security have the same chains: filter is meant then. null: no table has these.
 */
export function tableOfBaseChains(chains: readonly string[]): string | null {
  const wanted = [...new Set(chains)].sort().join();
  const candidates = ['filter', 'nat', 'mangle', 'raw'];
  return candidates.find((name) => [...(BASE_CHAINS[name] ?? [])].sort().join() === wanted) ?? null;
}
