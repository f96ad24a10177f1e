/** Packets on the wire: who a station sends its frames to. */
import type { Shot } from '../lab/question.ts';
import { ethernet, ipBytes, type Packet } from './frame.ts';
import { CONTAINERS, type Station } from './topology.ts';

/** Containers of one bridge reach each other directly, everything else through the host. */
export function macFor(station: Station, { family, dst }: Packet): string {
  const neighbour = CONTAINERS.find(
    (other) => other.bridge === station.bridge && other.addresses[family] === dst,
  );
  return neighbour?.mac ?? station.gateway;
}

export function place(station: Station, made: Packet, ip: Uint8Array): Omit<Shot, 'note'> {
  return { iface: station.iface, frame: ethernet(macFor(station, made), station.mac, ip) };
}

export function shot(station: Station, made: Packet, note: string): Shot {
  return { ...place(station, made, ipBytes(made)), note };
}
