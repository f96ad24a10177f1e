import { closeSync, fstatSync, openSync } from 'node:fs';
import type { ParquetWriter, SchemaElement } from 'hyparquet-writer';
import type { PacketRecord } from '../analysis/packet.ts';
import { outputError } from './output-error.ts';
import type { PacketFile } from './packets.ts';
import { removePartial } from './partial-file.ts';

const ROW_GROUP_ROWS = 65_536;

const text = (name: string, repetition: 'REQUIRED' | 'OPTIONAL' = 'OPTIONAL'): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type: repetition,
});
const int32 = (name: string): SchemaElement => ({
  name,
  type: 'INT32',
  repetition_type: 'OPTIONAL',
});
const int64 = (name: string, repetition: 'REQUIRED' | 'OPTIONAL' = 'OPTIONAL'): SchemaElement => ({
  name,
  type: 'INT64',
  repetition_type: repetition,
});
const flag = (name: string): SchemaElement => ({
  name,
  type: 'BOOLEAN',
  repetition_type: 'REQUIRED',
});
const group = (name: string, children: SchemaElement[]): SchemaElement[] => [
  { name, num_children: children.length, repetition_type: 'OPTIONAL' },
  ...children,
];

/**
 * The shape of a record, as in NDJSON: `rule` and `nat` are groups. `time` keeps all its digits.
 */
const COLUMNS: readonly SchemaElement[][] = [
  [int64('frame', 'REQUIRED')],
  [text('time', 'REQUIRED')],
  [text('role', 'REQUIRED')],
  [text('in')],
  [text('path')],
  [text('verdict')],
  [text('reason')],
  group('rule', [text('table'), text('chain'), int32('number')]),
  [text('out')],
  [text('ctstate')],
  [text('src')],
  [int32('sport')],
  [text('dst')],
  [int32('dport')],
  [text('proto')],
  group('nat', [text('src'), int32('sport'), text('dst'), int32('dport'), flag('chosen')]),
  [text('class')],
  [text('physin')],
  [text('physout')],
  [int64('of')],
  [flag('ambiguous')],
  [flag('differs')],
];

const SCHEMA: SchemaElement[] = [
  { name: 'packets', num_children: COLUMNS.length },
  ...COLUMNS.flat(),
];

/** Parquet, written a row group at a time. */
export class ParquetFile implements PacketFile {
  readonly #path: string;
  #fd: number | undefined;
  #writer: ParquetWriter | undefined;
  #rows: PacketRecord[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  async begin(): Promise<void> {
    this.#forget();
    try {
      this.#fd = openSync(this.#path, 'w');
    } catch (error) {
      throw outputError(this.#path, error);
    }
    const { parquetWriter } = await import('./parquet-writer.ts'); // few runs need it
    this.#writer = parquetWriter(this.#path, this.#fd, SCHEMA);
  }

  write(records: readonly PacketRecord[]): void {
    for (const record of records) {
      this.#rows.push(record);
      if (this.#rows.length === ROW_GROUP_ROWS) this.#flush();
    }
  }

  async close(): Promise<void> {
    if (this.#writer !== undefined) {
      this.#flush();
      await this.#writer.finish();
    }
    this.#forget();
  }

  discard(): void {
    if (this.#fd !== undefined) removePartial(this.#path, fstatSync(this.#fd));
    this.#forget();
  }

  #flush(): void {
    if (this.#rows.length === 0) return;
    const rows = this.#rows;
    const columnData = COLUMNS.map(([column]) => {
      const name = column?.name ?? '';
      const is64 = column?.type === 'INT64';
      return { name, data: rows.map((row) => cell(row, name, is64)) };
    });
    this.#rows = [];
    this.#writer?.write({ columnData, rowGroupSize: ROW_GROUP_ROWS });
  }

  #forget(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#writer = undefined;
    this.#rows = [];
  }
}

function cell(row: PacketRecord, name: string, is64: boolean): unknown {
  const value = row[name as keyof PacketRecord];
  return is64 && typeof value === 'number' ? BigInt(value) : value;
}
