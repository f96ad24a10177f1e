/** Routes of a snapshot's file with interface ids, completed by what the addresses imply. */
import { ROUTE_TABLE_LOCAL, ROUTE_TABLE_MAIN } from '../../assembly/abi.ts';
import type { Family } from '../ruleset/values.ts';
import { connectedRoutes, defaultRoute, localRoutes, withMissing } from './derive-routes.ts';
import type { Interface, Route } from './host.ts';
import type { Notes } from './notes.ts';
import type { NamedRoutes } from './routes.ts';
import type { SnapshotFile } from './snapshot.ts';

export function routeFile(family: Family): SnapshotFile {
  return family === 4 ? 'ip-route.json' : 'ip-route6.json';
}

/** The routes of one family; `named` is null where there is no file. */
export function completeRoutes(
  named: NamedRoutes | null,
  family: Family,
  interfaces: readonly Interface[],
  idOf: (name: string | null) => number,
  notes: Notes,
): Route[] {
  const routes = (named?.routes ?? []).map(({ dev, ...route }): Route => {
    return { ...route, interface: idOf(dev) };
  });
  const local = localRoutes(interfaces, family);
  if (named?.whole) {
    // an empty list is the truth of a host without IPv6
    const lists = routes.some((route) => route.table === ROUTE_TABLE_LOCAL);
    if (lists || local.length === 0 || (family === 6 && routes.length === 0)) return routes;
    notes.assume(routeFile(family), 'table local as the addresses make it');
    return withMissing(routes, local);
  }
  const connected = connectedRoutes(interfaces, family);
  const isDefault = (route: Route) => route.prefixLen === 0 && route.table === ROUTE_TABLE_MAIN;
  const guess = routes.some(isDefault) ? null : defaultRoute(interfaces, family);
  const by =
    guess === null ? '' : ` and a default route through ${interfaces[guess.interface - 1]?.name}`;
  notes.assume(routeFile(family), `connected routes of the addresses${by}`);
  return withMissing(routes, [...connected, ...(guess === null ? [] : [guess]), ...local]);
}
