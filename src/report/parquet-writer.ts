import { writeSync } from 'node:fs';
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { outputError } from './output-error.ts';

/** Writes to the open file `fd`, whose name is for errors. */
export function parquetWriter(path: string, fd: number, schema: SchemaElement[]): ParquetWriter {
  return new ParquetWriter({ writer: new FileBytes(path, fd), schema, createdBy: 'dockfw' });
}

/** Hands each row group to the file as it is finished. */
class FileBytes extends ByteWriter {
  readonly #path: string;
  readonly #fd: number;

  constructor(path: string, fd: number) {
    super();
    this.#path = path;
    this.#fd = fd;
  }

  flush(): void {
    this.#write();
  }

  override finish(): void {
    this.#write();
  }

  #write(): void {
    try {
      const bytes = new Uint8Array(this.buffer, 0, this.index);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      throw outputError(this.#path, error);
    }
    this.index = 0;
  }
}
