import { TRAVERSAL_SIZE } from '../../assembly/abi.ts';
import { TRAVERSAL } from '../engine/layout.ts';

/** The outcome of a distinct way through the rules, and how many took it. Codes are the core's. */
export interface Outcome {
  readonly packets: number;
  readonly bytes: number;
  readonly connections: number;
  readonly path: number;
  readonly verdict: number;
  readonly reason: number;
  readonly klass: number;
  /** Counter id, or NONE. */
  readonly decidedBy: number;
  readonly natFlags: number;
  readonly family: number;
  readonly srcNetwork: number;
  readonly dstNetwork: number;
}

/** Decodes a worker's traversal records. */
export function* readTraversals(records: Uint8Array): Generator<Outcome> {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  for (let at = 0; at < records.length; at += TRAVERSAL_SIZE) {
    yield {
      packets: Number(view.getBigUint64(at + TRAVERSAL.packets, true)),
      bytes: Number(view.getBigUint64(at + TRAVERSAL.bytes, true)),
      connections: Number(view.getBigUint64(at + TRAVERSAL.connections, true)),
      path: view.getUint8(at + TRAVERSAL.path),
      verdict: view.getUint8(at + TRAVERSAL.verdict),
      reason: view.getUint8(at + TRAVERSAL.reason),
      klass: view.getUint8(at + TRAVERSAL.klass),
      decidedBy: view.getUint32(at + TRAVERSAL.decidedBy, true),
      natFlags: view.getUint8(at + TRAVERSAL.natFlags),
      family: view.getUint8(at + TRAVERSAL.family),
      srcNetwork: view.getUint16(at + TRAVERSAL.srcNetwork, true),
      dstNetwork: view.getUint16(at + TRAVERSAL.dstNetwork, true),
    };
  }
}
