/**
 * Writes records of assembly/image.ts field by field, in the order of the class. Fields are aligned
 * to their size, as AssemblyScript lays out an @unmanaged class; all is little endian.
 */
import { addressBytes } from '../../ruleset/address.ts';
import type { Address, Family, MacAddress } from '../../ruleset/values.ts';

/** An address takes 16 bytes in the image, whatever its family. */
export const ADDRESS_BYTES = 16;

export class RecordWriter {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly size: number;
  private start = 0;
  private at = 0;
  private count = 0;

  /** Room for `count` records of `size` bytes, all zero. */
  constructor(count: number, size: number) {
    this.bytes = new Uint8Array(count * size);
    this.view = new DataView(this.bytes.buffer);
    this.size = size;
  }

  /** Begins the next record. */
  record(): this {
    this.start = this.count++ * this.size;
    this.at = this.start;
    return this;
  }

  private next(bytes: number): number {
    const offset = Math.ceil((this.at - this.start) / bytes) * bytes;
    if (offset + bytes > this.size) throw new RangeError('field beyond the end of its record');
    this.at = this.start + offset + bytes;
    return this.start + offset;
  }

  u8(value: number | boolean): this {
    this.view.setUint8(this.next(1), Number(value));
    return this;
  }

  u16(value: number): this {
    this.view.setUint16(this.next(2), value, true);
    return this;
  }

  u32(value: number): this {
    this.view.setUint32(this.next(4), value, true);
    return this;
  }

  u64(value: bigint): this {
    this.view.setBigUint64(this.next(8), value, true);
    return this;
  }

  /** Six bytes, first octet first; zero for null. */
  mac(value: MacAddress | null): this {
    const mac = value ?? 0;
    for (let shift = 40; shift >= 0; shift -= 8) this.u8(Math.floor(mac / 2 ** shift) & 255);
    return this;
  }

  /** Goes to `offset` of the record, where its addresses begin. */
  seek(offset: number): this {
    this.at = this.start + offset;
    return this;
  }

  /** 16 bytes in network order, IPv4 in the first four; zero for null. */
  address(value: Address | null, family: Family): this {
    if (this.at - this.start + ADDRESS_BYTES > this.size) {
      throw new RangeError('address beyond the end of its record');
    }
    if (value !== null) this.bytes.set(addressBytes(value, family), this.at);
    this.at += ADDRESS_BYTES;
    return this;
  }
}
