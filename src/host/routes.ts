/** ip-route.json and ip-route6.json: `ip -j -4 route show table all` and its IPv6 twin. */
import { ROUTE_TABLE_MAIN } from '../../assembly/abi.ts';
import { addressBits } from '../ruleset/address.ts';
import type { Address, Family } from '../ruleset/values.ts';
import type { HostPrefix, Route, RouteType } from './host.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { JsonSource } from './json-source.ts';
import { parseScope } from './links.ts';
import type { SourceText } from './notes.ts';
import type { RouteTables } from './route-tables.ts';
import { networkAddress, parseIp, parseIpPrefix } from './text.ts';

/** A route whose interface is still a name; null where it has none. */
export interface NamedRoute extends Omit<Route, 'interface'> {
  readonly dev: string | null;
}

export interface NamedRoutes {
  readonly routes: readonly NamedRoute[];
  /** The file was read to its end. */
  readonly whole: boolean;
}

const TYPES: ReadonlySet<string> = new Set<RouteType>([
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
]);

function isRouteType(text: string): text is RouteType {
  return TYPES.has(text);
}

/** Where a route leads: its own fields, or those of one of its next hops. */
interface Hop {
  readonly dev: string | null;
  readonly gateway: Address | null;
}

class RouteReader {
  readonly json: JsonSource;
  readonly family: Family;
  readonly tables: RouteTables;

  constructor(source: SourceText, family: Family, tables: RouteTables) {
    this.json = new JsonSource(source);
    this.family = family;
    this.tables = tables;
  }

  private get familyName(): string {
    return this.family === 4 ? 'IPv4' : 'IPv6';
  }

  private address(object: JsonObject, name: string): Address | null {
    return this.json.parsed(object, name, `an ${this.familyName} address`, (text) => {
      const ip = parseIp(text);
      return ip?.family === this.family ? ip.address : null;
    });
  }

  private destination(object: JsonObject): HostPrefix | null {
    return this.json.parsed(object, 'dst', `an ${this.familyName} prefix`, (text) => {
      if (text === 'default' || text === 'all') {
        return { family: this.family, address: 0n, prefixLen: 0 };
      }
      const prefix = parseIpPrefix(text);
      return prefix?.family === this.family ? prefix : null;
    });
  }

  private hop(object: JsonObject): Hop {
    // "via" instead of "gateway": the next hop is of the other family
    return { dev: this.json.string(object, 'dev'), gateway: this.address(object, 'gateway') };
  }

  /** The first next hop that works; several are a choice that the kernel makes by a hash. */
  private chooseHop(object: JsonObject, hops: JsonValue): Hop {
    const usable = [...this.json.objects(hops, 'nexthops')].filter(
      (hop) => !this.json.strings(hop, 'flags').includes('dead'),
    );
    if (usable.length > 1) {
      const text = `route with ${usable.length} next hops: the first is always taken`;
      this.json.warn(object, text);
    }
    return usable[0] === undefined ? { dev: null, gateway: null } : this.hop(usable[0]);
  }

  private type(object: JsonObject): RouteType | null {
    const text = this.json.string(object, 'type') ?? 'unicast';
    if (isRouteType(text)) return text;
    this.json.problem(object, `unknown route type ${text}`);
    return null;
  }

  private table(object: JsonObject): number {
    const value = object.members.get('table');
    if (value === undefined) return ROUTE_TABLE_MAIN;
    if (value.kind === 'number') return this.json.integer(object, 'table') ?? ROUTE_TABLE_MAIN;
    const name = this.json.string(object, 'table');
    return name === null ? ROUTE_TABLE_MAIN : this.tables.number(name);
  }

  /** Whether the route is there but cannot be followed as dockfw does. */
  private isLeftOut(object: JsonObject): boolean {
    if (this.json.strings(object, 'flags').includes('dead')) return true;
    for (const key of ['tos', 'from']) {
      if (!object.members.has(key)) continue;
      this.json.warn(object, `route with "${key}": left out, destinations alone decide`);
      return true;
    }
    return false;
  }

  read(object: JsonObject): NamedRoute | null {
    if (object.members.size === 0) return null;
    const type = this.type(object);
    const dst = this.destination(object);
    if (dst === null && !this.json.has(object, 'dst')) {
      this.json.problem(object, 'route without "dst"');
    }
    if (type === null || dst === null || this.isLeftOut(object)) return null;
    const hops = object.members.get('nexthops');
    const { dev, gateway } = hops === undefined ? this.hop(object) : this.chooseHop(object, hops);
    if (dev === null && (type === 'unicast' || type === 'local' || type === 'broadcast')) {
      this.json.problem(object, `${type} route without "dev"`);
      return null;
    }
    return {
      family: this.family,
      type,
      table: this.table(object),
      dst: networkAddress(dst),
      prefixLen: dst.prefixLen,
      dev,
      gateway,
      prefSrc: this.address(object, 'prefsrc'),
      scope: this.json.parsed(object, 'scope', 'a scope', parseScope) ?? 0,
      metric: this.json.integer(object, 'metric') ?? 0,
    };
  }
}

export function readRoutes(source: SourceText, family: Family, tables: RouteTables): NamedRoutes {
  const reader = new RouteReader(source, family, tables);
  const routes: NamedRoute[] = [];
  for (const object of reader.json.objects(reader.json.root, 'the list of routes')) {
    const route = reader.read(object);
    if (route !== null) routes.push(route);
  }
  return { routes, whole: reader.json.whole };
}

/** Whether a route is to exactly one address. */
export function isHostRoute(route: NamedRoute): boolean {
  return route.prefixLen === addressBits(route.family);
}
