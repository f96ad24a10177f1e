/**
 * The connections that are left at the end of a case: the core's must be those that `conntrack -L`
 * listed. Free is the port or echo id that the kernel picks at random where a source's own is
 * taken.
 */
import { readFileSync } from 'node:fs';
import { FAMILY_V4, KNOWN_CONN_SIZE, SLOT_DATA_BYTES, STATUS_OK } from '../../assembly/abi.ts';
import { compile } from '../../src/compile/index.ts';
import type { Core } from '../../src/engine/core.ts';
import { loadImage } from '../../src/engine/image.ts';
import { coreModule, createMemory, instantiate } from '../../src/engine/instance.ts';
import { SLOT } from '../../src/engine/layout.ts';
import { interfaceNames } from '../../src/engine/names.ts';
import { readHost } from '../../src/host/index.ts';
import { IPS_ASSURED, IPS_SEEN_REPLY, TCP_STATES } from '../conntrack/status.ts';
import { addressText } from '../conntrack/wire.ts';
import type { KernelCase } from './case.ts';

type Dumping = Core & { connDump(previous: number, now: bigint, out: number): number };

/** What identifies a connection, and what must be right about it. */
type Listing = Map<string, string>;

/** Of what is to end so soon, the kernel may have been asked too late. */
const SOON_SEC = 2;

const ICMP = [1, 58];
/** By KnownConn.zoneDirections. */
const ZONES = ['', 'zone-orig', 'zone-reply', 'zone'];

function entry(proto: number, state: string, flags: string, reply: string, mark: number): string {
  return `${proto} ${state} ${flags} ${reply} mark=${mark}`;
}

/** `conntrack -L`, without what is free. */
function readListing(text: string): Listing {
  const listing: Listing = new Map();
  for (const line of text.split('\n').filter(Boolean)) {
    const words = line.trim().split(/\s+/);
    const proto = Number(words[1]);
    const values = (key: string): string[] =>
      words.filter((word) => word.startsWith(`${key}=`)).map((word) => word.slice(key.length + 1));
    const [src, replySrc] = values('src');
    const [dst, replyDst] = values('dst');
    const ports = ICMP.includes(proto) ? values('id') : values('sport');
    const dports = ICMP.includes(proto) ? values('type') : values('dport');
    const flags = ['[ASSURED]', '[UNREPLIED]'].filter((flag) => line.includes(flag)).join('');
    const state = proto === 6 ? (words[3] ?? '') : '';
    const replyPort = ICMP.includes(proto) ? '' : `:${ports[1] ?? 0}`;
    const zone = words.find((word) => word.startsWith('zone')) ?? '';
    listing.set(
      `${proto} ${src}:${ports[0] ?? 0}>${dst}:${dports[0] ?? 0} ${zone}`,
      entry(
        proto,
        state,
        flags,
        `${replySrc}${replyPort}>${replyDst}`,
        Number(values('mark')[0] ?? 0),
      ),
    );
  }
  return listing;
}

function succeed(status: number): void {
  if (status !== STATUS_OK) throw new Error(`the core's status is ${status}`);
}

interface Replayed {
  readonly listing: Listing;
  /** Keys of what ends within SOON_SEC. */
  readonly soon: ReadonlySet<string>;
}

/** Replays the case in one instance of the core and lists its connections after the last frame. */
async function replayed({ host, capture: given }: KernelCase): Promise<Replayed> {
  const compiled = compile(await readHost(host));
  const instance = instantiate(await coreModule(), createMemory(), interfaceNames(compiled.host));
  const { heap } = instance;
  const core = instance.core as Dumping;
  const { image, built } = loadImage(instance, compiled);
  const state = core.createCaptureState(1);
  const slot = core.createSlot(0) >>> 0;
  succeed(core.attach(image, built, state, 0, 1, 0));
  const capture = typeof given === 'string' ? readFileSync(given) : given;
  if (capture.length >= SLOT_DATA_BYTES) throw new Error('the capture is larger than a slot');
  const data = heap.u32(slot + SLOT.data);
  heap.bytes(data, capture.length).set(capture);
  heap.setU32(slot + SLOT.dataStart, data);
  heap.setU32(slot + SLOT.dataEnd, data + capture.length);
  heap.setU32(slot + SLOT.last, 1);
  succeed(core.front(slot));
  succeed(core.judge(slot));
  const frames = heap.u32(slot + SLOT.frames);
  const last = frames + 64 * (heap.u32(slot + SLOT.frameCount) - 1);
  const now = heap.u64(last);
  const out = core.alloc(KNOWN_CONN_SIZE) >>> 0;
  const listing: Listing = new Map();
  const soon = new Set<string>();
  for (let at = core.connDump(0, now, out); at !== 0; at = core.connDump(at, now, out)) {
    const bytes = heap.copy(out, KNOWN_CONN_SIZE);
    const view = new DataView(bytes.buffer);
    const proto = bytes[14] ?? 0;
    const v4 = bytes[15] === FAMILY_V4;
    const address = (from: number): string => addressText(bytes.subarray(from, from + 16), v4);
    const port = (from: number): number => view.getUint16(from, true);
    const icmp = ICMP.includes(proto);
    const status = view.getUint32(0, true);
    const flags =
      (status & IPS_ASSURED ? '[ASSURED]' : '') + (status & IPS_SEEN_REPLY ? '' : '[UNREPLIED]');
    const replyPort = icmp ? '' : `:${port(24)}`;
    const dport = icmp ? port(22) >> 8 : port(22);
    const zone = port(12) === 0 ? '' : `${ZONES[bytes[17] ?? 0]}=${port(12)}`;
    const key = `${proto} ${address(64)}:${port(20)}>${address(80)}:${dport} ${zone}`;
    if (view.getUint32(8, true) < SOON_SEC) soon.add(key);
    listing.set(
      key,
      entry(
        proto,
        proto === 6 ? (TCP_STATES[bytes[16] ?? 0] ?? '') : '',
        flags,
        `${address(96)}${replyPort}>${address(112)}`,
        view.getUint32(4, true),
      ),
    );
  }
  return { listing, soon };
}

/** A line for each connection that only one side has, or that is not the same. */
export async function compareConnections(kernelCase: KernelCase): Promise<string[]> {
  if (kernelCase.connections === null || kernelCase.frames.length === 0) return [];
  const want = readListing(kernelCase.connections);
  const { listing: got, soon } = await replayed(kernelCase);
  return [...new Set([...want.keys(), ...got.keys()])]
    .filter((key) => want.get(key) !== got.get(key) && (want.has(key) || !soon.has(key)))
    .map((key) => {
      return `connection ${key}: kernel ${want.get(key) ?? 'none'}, dockfw ${got.get(key) ?? 'none'}`;
    });
}
