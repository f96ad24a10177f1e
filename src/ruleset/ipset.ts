import type { AddressRange, Family, MacAddress, MaskedValue, NumberRange } from './values.ts';

/** What `create` allows before the colon, and after it, dimension by dimension. */
export type SetMethod = 'hash' | 'bitmap' | 'list';
export type SetDimension = 'ip' | 'net' | 'port' | 'mac' | 'iface' | 'mark' | 'set';

/** One dimension of an entry, as the type of the set says. Ranges are inclusive. */
export type SetValue =
  /** For `ip` and `net`; `prefixLen` null: a range as written, not one prefix. */
  | ({ readonly kind: 'address'; readonly prefixLen: number | null } & AddressRange)
  /** `proto` null: bitmap:port, whose ports are of TCP and UDP alike. ICMP: type << 8 | code. */
  | ({ readonly kind: 'port'; readonly proto: number | null } & NumberRange)
  /** null: bitmap:ip,mac without a MAC yet. */
  | { readonly kind: 'mac'; readonly mac: MacAddress | null }
  /** `physdev`: the bridge port instead of the interface. */
  | {
      readonly kind: 'iface';
      readonly name: string;
      readonly wildcard: boolean;
      readonly physdev: boolean;
    }
  | { readonly kind: 'mark'; readonly mark: number }
  | { readonly kind: 'set'; readonly name: string };

export interface IpsetEntry {
  /** 1-based. */
  readonly line: number;
  /** One per dimension of the set's type, in its order. */
  readonly values: readonly SetValue[];
  readonly nomatch: boolean;
  /** Seconds; null: none given (0: never expires). */
  readonly timeout: number | null;
  readonly packets: bigint;
  readonly bytes: bigint;
  readonly comment: string | null;
  readonly skbMark: MaskedValue | null;
  /** major << 16 | minor */
  readonly skbPriority: number | null;
  readonly skbQueue: number | null;
  /** list:set: where the entry was put. */
  readonly position: { readonly where: 'before' | 'after'; readonly name: string } | null;
}

export interface Ipset {
  readonly name: string;
  /** 1-based. */
  readonly line: number;
  /** As written, such as hash:ip,port. */
  readonly type: string;
  readonly method: SetMethod;
  readonly dimensions: readonly SetDimension[];
  /** 4 where the type has no family. */
  readonly family: Family;
  /** bitmap types: the addresses or ports that fit. */
  readonly addressRange: AddressRange | null;
  readonly portRange: NumberRange | null;
  /** Mask of `netmask N` or `bitmask M` applied to addresses; null: none. */
  readonly addressMask: bigint | null;
  readonly markMask: number | null;
  /** Default timeout in seconds; null: the set has no timeouts. */
  readonly timeout: number | null;
  readonly counters: boolean;
  readonly comment: boolean;
  readonly skbinfo: boolean;
  readonly forceadd: boolean;
  readonly wildcard: boolean;
  /** Entries at most (list:set: `size`); null: the type's default. */
  readonly maxElements: number | null;
  readonly hashSize: number | null;
  readonly bucketSize: number | null;
  readonly initval: number | null;
  readonly entries: readonly IpsetEntry[];
}
