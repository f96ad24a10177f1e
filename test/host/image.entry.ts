/** Reads records of the image through their classes: each field becomes a u64 at `out`. */
import {
  ADDRESS_BROADCAST_OFFSET,
  ADDRESS_LOCAL,
  Address,
  FdbEntry,
  Iface,
  KNOWN_CONN_ORIG_DST,
  KNOWN_CONN_ORIG_SRC,
  KNOWN_CONN_REPL_DST,
  KNOWN_CONN_REPL_SRC,
  KnownConn,
  NEIGHBOUR_ADDRESS,
  Neighbour,
  Network,
  POLICY_RULE_DST,
  POLICY_RULE_SRC,
  PolicyRule,
  ROUTE_DST,
  ROUTE_GATEWAY,
  ROUTE_PREFSRC,
  Route,
} from '../../assembly/image';

let cursor: usize = 0;

function put(value: u64): void {
  store<u64>(cursor, value);
  cursor += 8;
}

/** The first octet ends up highest, as in a number of the embedder. */
function putMac(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8): void {
  put(((<u64>a) << 40) | ((<u64>b) << 32) | ((<u64>c) << 24) | ((<u64>d) << 16) | ((<u64>e) << 8) | f);
}

/** An address as two u64, the first octet highest. */
function putAddress(at: usize): void {
  put(bswap<u64>(load<u64>(at)));
  put(bswap<u64>(load<u64>(at, 8)));
}

export function sizes(out: usize): void {
  cursor = out;
  put(offsetof<Iface>());
  put(offsetof<FdbEntry>());
  put(offsetof<Network>());
  put(offsetof<Neighbour>());
  put(offsetof<Address>());
  put(offsetof<Route>());
  put(offsetof<PolicyRule>());
  put(offsetof<KnownConn>());
}

export function readIface(at: usize, out: usize): void {
  const r = changetype<Iface>(at);
  cursor = out;
  put(r.ifindex);
  put(r.kind);
  put(r.master);
  put(r.flags);
  put(r.network);
  put(r.rpFilter);
  putMac(r.mac0, r.mac1, r.mac2, r.mac3, r.mac4, r.mac5);
  put(r.firstAddress);
  put(r.addressCount);
  put(r.mtu);
}

export function readAddress(at: usize, out: usize): void {
  const r = changetype<Address>(at);
  cursor = out;
  put(r.iface);
  put(r.family);
  put(r.prefixLen);
  put(r.scope);
  put(r.flags);
  putAddress(at + ADDRESS_LOCAL);
  putAddress(at + ADDRESS_BROADCAST_OFFSET);
}

export function readRoute(at: usize, out: usize): void {
  const r = changetype<Route>(at);
  cursor = out;
  put(r.table);
  put(r.metric);
  put(r.iface);
  put(r.family);
  put(r.prefixLen);
  put(r.type);
  put(r.scope);
  put(r.hasGateway);
  put(r.hasPrefSrc);
  putAddress(at + ROUTE_DST);
  putAddress(at + ROUTE_GATEWAY);
  putAddress(at + ROUTE_PREFSRC);
}

export function readPolicyRule(at: usize, out: usize): void {
  const r = changetype<PolicyRule>(at);
  cursor = out;
  put(r.priority);
  put(r.table);
  put(r.fwmark);
  put(r.fwmask);
  put(r.iif);
  put(r.oif);
  put(r.family);
  put(r.action);
  put(r.srcLen);
  put(r.dstLen);
  put(r.invert);
  put(r.ipProto);
  put(r.tos);
  put(r.hasSuppress);
  put(r.suppressPrefixLen);
  put(r.sportMin);
  put(r.sportMax);
  put(r.dportMin);
  put(r.dportMax);
  putAddress(at + POLICY_RULE_SRC);
  putAddress(at + POLICY_RULE_DST);
}

export function readFdb(at: usize, out: usize): void {
  const r = changetype<FdbEntry>(at);
  cursor = out;
  put(r.bridge);
  put(r.port);
  putMac(r.mac0, r.mac1, r.mac2, r.mac3, r.mac4, r.mac5);
  put(r.permanent);
}

export function readNeighbour(at: usize, out: usize): void {
  const r = changetype<Neighbour>(at);
  cursor = out;
  put(r.iface);
  put(r.family);
  putMac(r.mac0, r.mac1, r.mac2, r.mac3, r.mac4, r.mac5);
  putAddress(at + NEIGHBOUR_ADDRESS);
}

export function readNetwork(at: usize, out: usize): void {
  const r = changetype<Network>(at);
  cursor = out;
  put(r.iface);
  put(r.flags);
}

export function readKnownConn(at: usize, out: usize): void {
  const r = changetype<KnownConn>(at);
  cursor = out;
  put(r.status);
  put(r.mark);
  put(r.timeout);
  put(r.zone);
  put(r.proto);
  put(r.family);
  put(r.state);
  put(r.zoneDirections);
  put(r.origSport);
  put(r.origDport);
  put(r.replSport);
  put(r.replDport);
  put(r.origPackets);
  put(r.origBytes);
  put(r.replPackets);
  put(r.replBytes);
  putAddress(at + KNOWN_CONN_ORIG_SRC);
  putAddress(at + KNOWN_CONN_ORIG_DST);
  putAddress(at + KNOWN_CONN_REPL_SRC);
  putAddress(at + KNOWN_CONN_REPL_DST);
}
