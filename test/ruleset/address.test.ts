import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addressBytes,
  addressFromBytes,
  formatAddress,
  maskPrefixLen,
  parseAddress,
  parseAddressMask,
  prefixMask,
} from '../../src/ruleset/address.ts';

describe('addresses', () => {
  test.for([
    ['0.0.0.0', 4, 0n],
    ['172.17.0.2', 4, 0xac110002n],
    ['255.255.255.255', 4, 0xffffffffn],
    ['1.2.3', 4, null],
    ['1.2.3.256', 4, null],
    ['1.2.3.04', 4, null],
    ['1.2.3.4.5', 4, null],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['fe80::1', 6, (0xfe80n << 112n) | 1n],
    ['1:2:3:4:5:6:7:8', 6, 0x00010002000300040005000600070008n],
    ['::ffff:1.2.3.4', 6, 0xffff01020304n],
    ['1::2::3', 6, null],
    ['1:2:3:4:5:6:7', 6, null],
    ['1:2:3:4:5:6:7:8::', 6, null],
    ['12345::', 6, null],
    ['fe80::1%eth0', 6, null],
    ['1.2.3.4', 6, null],
  ] as const)('%s of IPv%d', ([text, family, expected]) => {
    expect(parseAddress(text, family)).toBe(expected);
  });

  test.for([
    ['10.1.2.3/8', 0x0a000000n, 0xff000000n, 8],
    ['10/8', 0x0a000000n, 0xff000000n, 8],
    ['192.168/16', 0xc0a80000n, 0xffff0000n, 16],
    ['0/0', 0n, 0n, 0],
    ['10.0.0.1', 0x0a000001n, 0xffffffffn, 32],
    ['10.0.0.1/255.255.255.0', 0x0a000000n, 0xffffff00n, 24],
    ['10.0.0.1/255.0.0.255', 0x0a000001n, 0xff0000ffn, null],
  ] as const)('%s', ([text, address, mask, prefixLen]) => {
    expect(parseAddressMask(text, 4)).toEqual({ address, mask, prefixLen });
  });

  test.for(['10.0.0.1/33', '10.0.0.1/', '/8', 'host/8', '10.0.0.1/x'])('%s is none', (text) => {
    expect(parseAddressMask(text, 4)).toBeNull();
  });

  test('IPv6 as inet_ntop writes it', () => {
    const written = ['::', '::1', '1::', 'fe80::1:0:0:2', '1:0:2:3:4:5:6:7', '::ffff:10.0.0.1'];
    for (const text of written) {
      expect(formatAddress(parseAddress(text, 6) ?? -1n, 6)).toBe(text);
    }
  });

  test('reading undoes writing', () => {
    const families = fc.constantFrom(4 as const, 6 as const);
    fc.assert(
      fc.property(families, fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (family, bits) => {
        const address = family === 4 ? bits & 0xffffffffn : bits;
        expect(parseAddress(formatAddress(address, family), family)).toBe(address);
        const bytes = addressBytes(address, family);
        expect(bytes).toHaveLength(family === 4 ? 4 : 16);
        expect(addressFromBytes(bytes)).toBe(address);
      }),
    );
  });

  test('masks of all lengths', () => {
    for (const family of [4, 6] as const) {
      for (let length = 0; length <= (family === 4 ? 32 : 128); length++) {
        expect(maskPrefixLen(prefixMask(length, family), family)).toBe(length);
      }
    }
  });
});
