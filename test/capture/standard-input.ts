/** Reads a capture from standard input and says how long it was: run by open.test.ts. */
import { openCapture } from '../../src/capture/index.ts';

const source = await openCapture('-');
const into = new Uint8Array(4096);
let bytes = 0;
for (let length = await source.read(into); length > 0; length = await source.read(into)) {
  bytes += length;
}
await source.close();
console.log(JSON.stringify({ name: source.name, bytes }));
