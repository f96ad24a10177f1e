import {
  FAMILY_V4,
  FAULT_NONE,
  FRAME_RECORD_SIZE,
  NONE,
  REASON_RULE,
  RESULT_AMBIGUOUS,
  RESULT_DIFFERS,
  RESULT_NAT,
  RESULT_NAT_CHOSEN,
  RESULT_RECORD_SIZE,
  ROLE_INJECT,
} from '../../assembly/abi.ts';
import type { Compiled, CounterInfo } from '../compile/compiled.ts';
import type { Heap } from '../engine/heap.ts';
import { FRAME, RESULT, SLOT } from '../engine/layout.ts';
import type { Family } from '../ruleset/values.ts';
import { AddressTexts } from './address-texts.ts';
import {
  CLASSES,
  ctStateName,
  nameOf,
  PATHS,
  protocolName,
  REASONS,
  ROLES,
  VERDICTS,
} from './names.ts';
import type { PacketNat, PacketRecord, PacketRule, PacketTuple } from './packet.ts';
import { isoClock } from './time.ts';

const ICMP = 1;
const ICMPV6 = 58;
const ICMP_ECHO = [0, 8];
const ICMPV6_ECHO = [128, 129];
/** TCP, UDP, DCCP, SCTP, UDP-Lite. */
const HAVE_PORTS = new Set([6, 17, 33, 132, 136]);
const V6_SRC = 8;
const V6_DST = 24;
const BATCH = 1024;

/** Reads the records of judged slots, see assembly/packet.ts and slot.ts. */
export class PacketReader {
  readonly #interfaces: readonly (string | null)[];
  readonly #rules: readonly (PacketRule | null)[];
  readonly #micros = isoClock(false);
  readonly #nanos = isoClock(true);
  readonly #addresses = new AddressTexts();

  constructor(compiled: Compiled) {
    this.#interfaces = [null, ...compiled.host.interfaces.map(({ name }) => name)];
    this.#rules = compiled.counters.map(packetRule);
  }

  /**
   * One record per frame of the slot, in order, in batches that are short enough to be forgotten
   * cheaply; times have nine digits, or six.
   */
  *read(slot: number, heap: Heap, fineTimes: boolean): Generator<PacketRecord[]> {
    const clock = fineTimes ? this.#nanos : this.#micros;
    const frames = heap.u32(slot + SLOT.frames);
    const results = heap.u32(slot + SLOT.results);
    const count = heap.u32(slot + SLOT.frameCount);
    const first = Number(heap.u64(slot + SLOT.firstFrame));
    const end = Math.max(frames + count * FRAME_RECORD_SIZE, results + count * RESULT_RECORD_SIZE);
    const view = heap.view(end);
    for (let from = 0; from < count; from += BATCH) {
      const records: PacketRecord[] = [];
      for (let i = from; i < Math.min(count, from + BATCH); i++) {
        const frame = frames + i * FRAME_RECORD_SIZE;
        const result = results + i * RESULT_RECORD_SIZE;
        const time = clock(view.getBigUint64(frame + FRAME.tsNanos, true));
        records.push(this.#record(view, heap, first + i, time, frame, result));
      }
      yield records;
    }
  }

  #record(
    view: DataView,
    heap: Heap,
    number: number,
    time: string,
    frame: number,
    result: number,
  ): PacketRecord {
    const u8 = (at: number) => view.getUint8(at);
    const u16 = (at: number) => view.getUint16(at, true);
    const role = u8(result + RESULT.role);
    const reason = u8(result + RESULT.reason);
    const flags = u16(result + RESULT.flags);
    const injected = view.getUint32(result + RESULT.injected, true);
    const decidedBy = view.getUint32(result + RESULT.decidedBy, true);
    const proto = u8(frame + FRAME.proto);
    const tuple = this.#tuple(view, heap, frame);
    const isEvaluated = role === ROLE_INJECT && u8(frame + FRAME.fault) === FAULT_NONE;
    return {
      frame: number,
      time,
      role: nameOf(ROLES, role) ?? 'ignore',
      in: this.#interfaces[u16(result + RESULT.in)] ?? null,
      path: nameOf(PATHS, u8(result + RESULT.path)),
      verdict: nameOf(VERDICTS, u8(result + RESULT.verdict)),
      reason: nameOf(REASONS, reason),
      rule: reason === REASON_RULE && decidedBy !== NONE ? (this.#rules[decidedBy] ?? null) : null,
      out: this.#interfaces[u16(result + RESULT.out)] ?? null,
      ctstate: ctStateName(u8(result + RESULT.ctState)),
      ...tuple,
      proto: tuple.src === null ? null : protocolName(proto),
      nat: flags & RESULT_NAT ? this.#nat(view, heap, frame, result, flags) : null,
      class: isEvaluated ? (CLASSES[u8(result + RESULT.klass)] ?? null) : null,
      physin: this.#interfaces[u16(result + RESULT.physIn)] ?? null,
      physout: this.#interfaces[u16(result + RESULT.physOut)] ?? null,
      of: injected === 0 ? null : number - injected,
      ambiguous: (flags & RESULT_AMBIGUOUS) !== 0,
      differs: (flags & RESULT_DIFFERS) !== 0,
    };
  }

  #tuple(view: DataView, heap: Heap, frame: number): PacketTuple {
    const family = view.getUint8(frame + FRAME.family);
    if (family === 0 || view.getUint8(frame + FRAME.fault) !== FAULT_NONE) {
      return { src: null, sport: null, dst: null, dport: null };
    }
    const sport = view.getUint16(frame + FRAME.sport, true);
    const dport = view.getUint16(frame + FRAME.dport, true);
    const ports = this.#ports(view, frame, sport, dport);
    if (family === FAMILY_V4) {
      const src = this.#addresses.v4(view.getUint32(frame + FRAME.src, true));
      const dst = this.#addresses.v4(view.getUint32(frame + FRAME.dst, true));
      return { src, sport: ports.sport, dst, dport: ports.dport };
    }
    const l3 = view.getUint32(frame + FRAME.l3, true);
    const src = this.#addresses.bytes(6, heap.bytes(l3 + V6_SRC, 16));
    const dst = this.#addresses.bytes(6, heap.bytes(l3 + V6_DST, 16));
    return { src, sport: ports.sport, dst, dport: ports.dport };
  }

  /** Ports as they are reported: none behind the first fragment; ICMP's echo id as `sport`. */
  #ports(
    view: DataView,
    frame: number,
    sport: number,
    dport: number,
  ): Pick<PacketTuple, 'sport' | 'dport'> {
    const proto = view.getUint8(frame + FRAME.proto);
    if (view.getUint16(frame + FRAME.l4Off, true) === 0) return { sport: null, dport: null };
    if (HAVE_PORTS.has(proto)) return { sport, dport };
    const type = view.getUint8(frame + FRAME.icmp);
    const isEcho =
      (proto === ICMP && ICMP_ECHO.includes(type)) ||
      (proto === ICMPV6 && ICMPV6_ECHO.includes(type));
    return { sport: isEcho ? sport : null, dport: null };
  }

  #nat(view: DataView, heap: Heap, frame: number, result: number, flags: number): PacketNat {
    const family: Family = view.getUint8(frame + FRAME.family) === FAMILY_V4 ? 4 : 6;
    const { sport, dport } = this.#ports(
      view,
      frame,
      view.getUint16(result + RESULT.natSport, true),
      view.getUint16(result + RESULT.natDport, true),
    );
    return {
      src: this.#addresses.bytes(family, heap.bytes(result + RESULT.natSrc, 16)),
      sport,
      dst: this.#addresses.bytes(family, heap.bytes(result + RESULT.natDst, 16)),
      dport,
      chosen: (flags & RESULT_NAT_CHOSEN) !== 0,
    };
  }
}

function packetRule({ table, chain, number }: CounterInfo): PacketRule | null {
  return number === null ? null : { table, chain, number };
}
