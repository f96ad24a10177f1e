import { SLOT_DATA_BYTES, STATUS_OK } from '../../assembly/abi.ts';
import { referenceTo } from '../analysis/outcomes.ts';
import { PacketReader } from '../analysis/packet-reader.ts';
import type { RuleReference } from '../analysis/result.ts';
import type { Compiled } from '../compile/compiled.ts';
import { allocate, loadImage } from '../engine/image.ts';
import { coreModule, createMemory, type Instance, instantiate } from '../engine/instance.ts';
import { SLOT, TRAVERSAL } from '../engine/layout.ts';
import { interfaceNames } from '../engine/names.ts';
import { CoreError } from '../errors.ts';
import { frameOf } from './frame.ts';
import type { Judgement, PacketSpec } from './packet.ts';
import { pcapngOf } from './pcapng.ts';

const HIT_BYTES = 8;

/**
 * What the host does with one packet, the first of its connection, and every rule that it meets.
 * Rejects with a UsageError where the packet makes no sense.
 */
export async function judge(compiled: Compiled, packet: PacketSpec): Promise<Judgement> {
  const capture = pcapngOf(frameOf(compiled.host, packet));
  if (capture.length > SLOT_DATA_BYTES) throw new RangeError('longer than a slot');
  const instance = instantiate(await coreModule(), createMemory(), interfaceNames(compiled.host));
  const { core, heap } = instance;
  const { image, built } = loadImage(instance, compiled);
  const state = allocate(core.createCaptureState(1));
  const slot = allocate(core.createSlot(1));
  const status = core.attach(image, built, state, 0, 1, 1);
  if (status !== STATUS_OK) throw new CoreError('the core could not attach the rules', status);
  const data = heap.u32(slot + SLOT.data);
  heap.bytes(data, capture.length).set(capture);
  heap.setU32(slot + SLOT.dataStart, data);
  heap.setU32(slot + SLOT.dataEnd, data + capture.length);
  heap.setU32(slot + SLOT.last, 1);
  core.front(slot);
  core.judge(slot);
  const [record] = [...new PacketReader(compiled).read(slot, heap, false)].flat();
  if (record === undefined) throw new CoreError('the core did not see the packet', 0);
  const rules = hits(instance, compiled);
  return {
    verdict: record.verdict,
    path: record.path,
    reason: record.reason,
    class: record.class,
    in: record.in,
    out: record.out,
    physin: record.physin,
    physout: record.physout,
    ctstate: record.ctstate,
    rule: decider(compiled, instance),
    nat: record.nat,
    rules,
  };
}

/** Rules and policies that the only packet hit, in order. */
function hits({ core, heap }: Instance, compiled: Compiled): RuleReference[] {
  if (core.traversalCount() === 0) return [];
  const traversal = core.traversalAt(0) >>> 0;
  const list = heap.u32(traversal + TRAVERSAL.hits);
  return Array.from({ length: heap.u32(traversal + TRAVERSAL.hitCount) }, (_, i) =>
    heap.u32(list + i * HIT_BYTES),
  ).flatMap((counter) => referenceBy(compiled, counter));
}

function decider(compiled: Compiled, { core, heap }: Instance): RuleReference | null {
  if (core.traversalCount() === 0) return null;
  const counter = heap.u32((core.traversalAt(0) >>> 0) + TRAVERSAL.decidedBy);
  return referenceBy(compiled, counter)[0] ?? null;
}

function referenceBy(compiled: Compiled, counter: number): RuleReference[] {
  const info = compiled.counters[counter];
  return info === undefined ? [] : [referenceTo(info)];
}
