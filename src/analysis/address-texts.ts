import { Buffer } from 'node:buffer';
import { addressFromBytes, formatAddress } from '../ruleset/address.ts';
import type { Family } from '../ruleset/values.ts';

const CAPACITY = 1 << 18;

/** Addresses as text; the same few addresses come again and again. */
export class AddressTexts {
  readonly #v4 = new Map<number, string>();
  readonly #v6 = new Map<string, string>();

  /** `address` in host byte order. */
  v4(address: number): string {
    let text = this.#v4.get(address);
    if (text === undefined) {
      const [a, b, c] = [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255];
      text = `${a}.${b}.${c}.${address & 255}`;
      if (this.#v4.size === CAPACITY) this.#v4.clear();
      this.#v4.set(address, text);
    }
    return text;
  }

  /** `bytes` in network order; IPv4 in the first four. */
  bytes(family: Family, bytes: Uint8Array): string {
    if (family === 4) {
      const [a = 0, b = 0, c = 0, d = 0] = bytes;
      return this.v4(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
    }
    const key = Buffer.from(bytes).toString('latin1');
    let text = this.#v6.get(key);
    if (text === undefined) {
      text = formatAddress(addressFromBytes(Buffer.from(bytes)), 6);
      if (this.#v6.size === CAPACITY) this.#v6.clear();
      this.#v6.set(key, text);
    }
    return text;
  }
}
