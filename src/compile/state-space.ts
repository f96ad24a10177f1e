import type { StateSpace } from './lower/context.ts';

const ALIGNMENT = 8;

/** Hands out a worker's state area; see assembly/table/state.ts. */
export class StateAllocator implements StateSpace {
  readonly #shared = new Map<string, number>();
  readonly #remembered = new Map<string, object>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  allocate(bytes: number, key?: string): number {
    const shared = key === undefined ? undefined : this.#shared.get(key);
    if (shared !== undefined) return shared;
    const at = this.#bytes;
    this.#bytes += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    if (key !== undefined) this.#shared.set(key, at);
    return at;
  }

  remember<T extends object>(key: string, make: () => T): T {
    const known = this.#remembered.get(key);
    if (known !== undefined) return known as T;
    const value = make();
    this.#remembered.set(key, value);
    return value;
  }
}
