import { Buffer } from 'node:buffer';
import type { Host } from '../host/host.ts';
import type { Heap } from './heap.ts';

/** What a worker must know of the host's interfaces: plain data, to be sent to threads. */
export interface InterfaceName {
  readonly id: number;
  readonly name: string;
  /** 0: not known. */
  readonly ifindex: number;
}

export function interfaceNames(host: Host): InterfaceName[] {
  return host.interfaces.map(({ id, name, ifindex }) => ({ id, name, ifindex }));
}

/** The core's questions about interfaces, answered from a list. */
export function resolver(
  names: readonly InterfaceName[],
  heap: Heap,
): {
  resolveInterface: (ptr: number, len: number) => number;
  resolveIfindex: (ifindex: number) => number;
} {
  const byName = new Map<string, number>();
  const byIndex = new Map<number, number>();
  for (const { id, name, ifindex } of names) {
    byName.set(name, id);
    if (ifindex > 0) byIndex.set(ifindex, id);
  }
  return {
    resolveInterface: (ptr, len) =>
      byName.get(Buffer.from(heap.copy(ptr >>> 0, len)).toString('utf8')) ?? 0,
    resolveIfindex: (ifindex) => byIndex.get(ifindex >>> 0) ?? 0,
  };
}
