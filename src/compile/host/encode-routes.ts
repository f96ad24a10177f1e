/** SECTION_ROUTE and SECTION_POLICY_RULE. */
import * as abi from '../../../assembly/abi.ts';
import type { Host, PolicyRuleAction, Route, RouteType } from '../../host/host.ts';
import { RecordWriter } from './record-writer.ts';

const TYPES: Readonly<Record<RouteType, number>> = {
  unicast: abi.ROUTE_UNICAST,
  local: abi.ROUTE_LOCAL,
  broadcast: abi.ROUTE_BROADCAST,
  anycast: abi.ROUTE_ANYCAST,
  multicast: abi.ROUTE_MULTICAST,
  blackhole: abi.ROUTE_BLACKHOLE,
  unreachable: abi.ROUTE_UNREACHABLE,
  prohibit: abi.ROUTE_PROHIBIT,
  throw: abi.ROUTE_THROW,
};

const ACTIONS: Readonly<Record<PolicyRuleAction, number>> = {
  table: abi.ROUTE_UNICAST,
  nop: abi.ROUTE_UNSPEC,
  blackhole: abi.ROUTE_BLACKHOLE,
  unreachable: abi.ROUTE_UNREACHABLE,
  prohibit: abi.ROUTE_PROHIBIT,
};

/** Where the addresses of a Route and of a PolicyRule begin. */
const ROUTE_HEAD = 32;
const POLICY_RULE_HEAD = 48;

/** Longest prefix first; of equal ones the lowest metric, then the order of the snapshot. */
function compareRoutes(a: Route, b: Route): number {
  if (a.family !== b.family) return a.family - b.family;
  if (a.table !== b.table) return a.table - b.table;
  if (a.prefixLen !== b.prefixLen) return b.prefixLen - a.prefixLen;
  if (a.dst !== b.dst) return a.dst < b.dst ? -1 : 1;
  return a.metric - b.metric;
}

export function encodeRoutes(host: Host): { bytes: Uint8Array; count: number } {
  const routes = host.routes.toSorted(compareRoutes);
  const out = new RecordWriter(routes.length, abi.ROUTE_SIZE);
  for (const route of routes) {
    const { family, gateway, prefSrc } = route;
    out.record().u32(route.table).u32(route.metric).u16(route.interface).u8(family);
    out.u8(route.prefixLen).u8(TYPES[route.type]).u8(route.scope);
    out.u8(gateway !== null).u8(prefSrc !== null);
    out.seek(ROUTE_HEAD).address(route.dst, family);
    out.address(gateway, family).address(prefSrc, family);
  }
  return { bytes: out.bytes, count: routes.length };
}

export function encodePolicyRules(host: Host): { bytes: Uint8Array; count: number } {
  const rules = host.policyRules.toSorted((a, b) => a.family - b.family || a.priority - b.priority);
  const out = new RecordWriter(rules.length, abi.POLICY_RULE_SIZE);
  for (const rule of rules) {
    const { family, src, dst, sport, dport, suppressPrefixLen } = rule;
    out.record().u32(rule.priority).u32(rule.table).u32(rule.fwmark).u32(rule.fwmask);
    out.u16(rule.iif).u16(rule.oif).u8(family).u8(ACTIONS[rule.action]);
    out
      .u8(src?.prefixLen ?? 0)
      .u8(dst?.prefixLen ?? 0)
      .u8(rule.invert)
      .u8(rule.ipProto);
    out
      .u8(rule.tos)
      .u8(suppressPrefixLen !== null)
      .u32(suppressPrefixLen ?? 0);
    out
      .u16(sport?.min ?? 0)
      .u16(sport?.max ?? 0)
      .u16(dport?.min ?? 0)
      .u16(dport?.max ?? 0);
    out.seek(POLICY_RULE_HEAD);
    out.address(src?.address ?? null, family).address(dst?.address ?? null, family);
  }
  return { bytes: out.bytes, count: rules.length };
}
