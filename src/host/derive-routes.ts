/**
 * Routes that a kernel has because of its addresses, for snapshots without them: table local and
 * connected routes as fib_add_ifaddr() and addrconf add them (net/ipv4/fib_frontend.c since 5.14,
 * net/ipv6/addrconf.c), and a guessed default route.
 */
import { ROUTE_TABLE_LOCAL, ROUTE_TABLE_MAIN } from '../../assembly/abi.ts';
import { addressBits } from '../ruleset/address.ts';
import type { Family } from '../ruleset/values.ts';
import type { Interface, InterfaceAddress, Route } from './host.ts';
import { lastAddress, networkAddress } from './text.ts';

const SCOPE_GLOBAL = 0;
const SCOPE_LINK = 253;
const SCOPE_HOST = 254;
const METRIC_CONNECTED_V6 = 256;
const METRIC_DEFAULT_V6 = 1024;

type RouteFields = Pick<Route, 'type' | 'table' | 'dst' | 'prefixLen' | 'scope'> & Partial<Route>;

function makeRoute(family: Family, iface: Interface, fields: RouteFields): Route {
  return { family, interface: iface.id, gateway: null, prefSrc: null, metric: 0, ...fields };
}

/** The address that a secondary one belongs to, which is the source its routes prefer. */
function primaryOf(iface: Interface, address: InterfaceAddress): InterfaceAddress {
  if (!address.secondary) return address;
  const primary = iface.addresses.find(
    (other) =>
      other.family === address.family &&
      !other.secondary &&
      other.prefixLen === address.prefixLen &&
      networkAddress(other) === networkAddress(address),
  );
  return primary ?? address;
}

function localRoutesV4(iface: Interface, address: InterfaceAddress): Route[] {
  const prefSrc = primaryOf(iface, address).address;
  const own = { table: ROUTE_TABLE_LOCAL, prefSrc };
  const broadcast = (dst: bigint) =>
    makeRoute(4, iface, { ...own, type: 'broadcast', dst, prefixLen: 32, scope: SCOPE_LINK });
  const local = (dst: bigint, prefixLen: number) =>
    makeRoute(4, iface, { ...own, type: 'local', dst, prefixLen, scope: SCOPE_HOST });
  const routes = [local(address.address, 32)];
  if (!iface.up) return routes;
  const given = address.broadcast;
  if (given !== null && given !== 0xffffffffn && given !== lastAddress(address)) {
    routes.push(broadcast(given));
  }
  if (address.secondary || address.peer !== null) return routes;
  if (iface.kind === 'loopback') routes.push(local(networkAddress(address), address.prefixLen));
  if (address.prefixLen < 31) routes.push(broadcast(lastAddress(address)));
  return routes;
}

function localRoutesV6(iface: Interface, address: InterfaceAddress): Route[] {
  const dst = address.address;
  const fields = { type: 'local', table: ROUTE_TABLE_LOCAL, scope: SCOPE_GLOBAL } as const;
  return [makeRoute(6, iface, { ...fields, dst, prefixLen: 128 })];
}

/** Table local of one family. */
export function localRoutes(interfaces: readonly Interface[], family: Family): Route[] {
  const routes: Route[] = [];
  for (const iface of interfaces) {
    if (family === 6 && iface.settings.disableIpv6) continue;
    const addresses = iface.addresses.filter((address) => address.family === family);
    for (const address of addresses) {
      routes.push(...(family === 4 ? localRoutesV4 : localRoutesV6)(iface, address));
    }
    if (family === 6 && addresses.length > 0 && iface.up && iface.kind !== 'loopback') {
      const fields = { type: 'multicast', table: ROUTE_TABLE_LOCAL, scope: SCOPE_GLOBAL } as const;
      const dst = 0xffn << 120n;
      const metric = METRIC_CONNECTED_V6;
      routes.push(makeRoute(6, iface, { ...fields, dst, prefixLen: 8, metric }));
    }
  }
  return routes;
}

/** Routes to the subnets of the interfaces' addresses, in table main. */
export function connectedRoutes(interfaces: readonly Interface[], family: Family): Route[] {
  const routes: Route[] = [];
  for (const iface of interfaces) {
    if (!iface.up || iface.kind === 'loopback') continue;
    if (family === 6 && iface.settings.disableIpv6) continue;
    for (const address of iface.addresses) {
      if (address.family !== family || address.secondary) continue;
      if (address.prefixLen === addressBits(family) && address.peer === null) continue;
      const prefix = { ...address, address: address.peer ?? address.address };
      const fields = {
        type: 'unicast',
        table: ROUTE_TABLE_MAIN,
        dst: networkAddress(prefix),
        prefixLen: address.prefixLen,
        scope: family === 4 ? SCOPE_LINK : SCOPE_GLOBAL,
        prefSrc: family === 4 ? address.address : null,
        metric: family === 4 ? 0 : METRIC_CONNECTED_V6,
      } as const;
      routes.push(makeRoute(family, iface, fields));
    }
  }
  return routes;
}

/** The first uplink with a global address of the family; its next hop is unknown. */
export function defaultRoute(interfaces: readonly Interface[], family: Family): Route | null {
  const uplink = interfaces.find(
    (iface) =>
      iface.kind === 'uplink' &&
      iface.up &&
      iface.addresses.some((address) => address.family === family && address.scope === 0),
  );
  if (uplink === undefined) return null;
  return makeRoute(family, uplink, {
    type: 'unicast',
    table: ROUTE_TABLE_MAIN,
    dst: 0n,
    prefixLen: 0,
    scope: SCOPE_GLOBAL,
    metric: family === 4 ? 0 : METRIC_DEFAULT_V6,
  });
}

function routeKey(route: Route): string {
  const { family, table, type, dst, prefixLen, interface: iface } = route;
  return `${family} ${table} ${type} ${dst}/${prefixLen} ${iface}`;
}

/** `routes`, then those of `more` that are not there yet. */
export function withMissing(routes: readonly Route[], more: readonly Route[]): Route[] {
  const have = new Set(routes.map(routeKey));
  const missing = more.filter((route) => {
    const key = routeKey(route);
    if (have.has(key)) return false;
    have.add(key);
    return true;
  });
  return [...routes, ...missing];
}
