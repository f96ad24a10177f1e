/**
 * Compares the outcome of every frame with the kernel's. TTLs are not compared. Free is the source
 * port (or ICMP id) that the kernel picked at random because the packet's own was taken: dockfw has
 * to pick another one too, but it need not be the same. What one side picked may be what a later
 * connection comes with, and then only that side has to pick again.
 */
import type { PacketRecord, PacketTuple } from 'dockfw';
import type { Egress, KernelFrame, Tuple } from './records.ts';

export interface OutcomeDifference {
  readonly frame: number;
  /** One line each. */
  readonly problems: readonly string[];
  readonly kernel: KernelFrame;
  readonly dockfw: PacketRecord | null;
}

/** Bridges by the names of their ports. */
export type Masters = ReadonlyMap<string, string>;

function portsOf(tuple: Tuple): { sport: number | null; dport: number | null } {
  if (tuple.icmp_id !== undefined) return { sport: tuple.icmp_id, dport: null };
  return { sport: tuple.sport ?? null, dport: tuple.dport ?? null };
}

/** Where replies to this packet come from and go to. */
function replyKey(proto: string, tuple: PacketTuple): string {
  return `${proto} ${tuple.dst} ${tuple.dport} ${tuple.src} ${tuple.sport}`;
}

function asPacketTuple(tuple: Tuple): PacketTuple {
  return { src: tuple.src, dst: tuple.dst, ...portsOf(tuple) };
}

export class OutcomeComparison {
  readonly #masters: Masters;
  /** Tuples on which the kernel awaits replies: their translation back leaves no choice. */
  readonly #awaited = new Set<string>();
  /** Frames whose port was the kernel's free choice. */
  readonly chosen: number[] = [];
  /** How packets left with such a port: the kernel's, and dockfw's. */
  readonly #chosenByKernel = new Set<string>();
  readonly #chosenByDockfw = new Set<string>();

  constructor(masters: Masters) {
    this.#masters = masters;
  }

  /** The difference, or null when both sides agree. Frames must come in order. */
  compare(kernel: KernelFrame, dockfw: PacketRecord | null): OutcomeDifference | null {
    const problems =
      dockfw === null ? ['dockfw has no record of this frame'] : this.#problems(kernel, dockfw);
    for (const egress of kernel.egress) {
      this.#awaited.add(replyKey(egress.proto, asPacketTuple(egress)));
    }
    return problems.length === 0 ? null : { frame: kernel.frame, problems, kernel, dockfw };
  }

  #problems(kernel: KernelFrame, dockfw: PacketRecord): string[] {
    const accepted = dockfw.verdict === 'accept';
    if (kernel.frag_held !== undefined) {
      // of a datagram that was dropped, the frame that completed it is listed as held, too
      return accepted ? ['the kernel held this fragment for the rest of its datagram'] : [];
    }
    if (kernel.egress.length > 0) return this.#left(kernel, dockfw, accepted);
    if (kernel.local === true) {
      // INPUT accepts it, and what follows confirms no connection whose answers another one gets
      if (dockfw.reason === 'conntrack') return [];
      if (!accepted || dockfw.path !== 'input') return ['the kernel delivered it locally'];
      return kernel.local_tuple === undefined ? [] : this.#tuple(dockfw, kernel.local_tuple);
    }
    if (!accepted) return [];
    return dockfw.path === 'input'
      ? ['the kernel did not deliver it locally']
      : ['the kernel sent it nowhere'];
  }

  #left(kernel: KernelFrame, dockfw: PacketRecord, accepted: boolean): string[] {
    if (!accepted) return ['the kernel sent it on'];
    // A flooded broadcast is bridged and delivered locally; its record may show either.
    if (dockfw.path === 'input' && kernel.local === true) return [];
    const problems: string[] = [];
    const outs = new Set(kernel.egress.flatMap(({ iface }) => this.#namesOf(iface)));
    if (dockfw.out === null || !outs.has(dockfw.out)) {
      problems.push(`egress: kernel ${[...outs].join(' or ')}, dockfw ${dockfw.out ?? 'none'}`);
    }
    const first = kernel.egress.find((egress: Egress) => (egress.frag ?? 0) === 0);
    if (first !== undefined) problems.push(...this.#tuple(dockfw, first));
    return problems;
  }

  #namesOf(iface: string): string[] {
    const master = this.#masters.get(iface);
    return master === undefined ? [iface] : [master, iface];
  }

  #tuple(dockfw: PacketRecord, want: Tuple): string[] {
    const got: PacketTuple = dockfw.nat ?? dockfw;
    const problems: string[] = [];
    for (const side of ['src', 'dst'] as const) {
      if (got[side] !== want[side]) {
        problems.push(`${side}: kernel ${want[side]}, dockfw ${got[side]}`);
      }
    }
    const ports = portsOf(want);
    if (ports.sport === null) return problems;
    // a timestamp's id, say, or a later fragment that completes its datagram in INPUT
    const isUnnumbered = got.sport === null && (dockfw.proto === 'icmp' || dockfw.nat === null);
    if (isUnnumbered) return problems;
    const left = { ...got, sport: ports.sport };
    if (got.sport !== ports.sport && !this.#isFree(dockfw, got, left)) {
      problems.push(`sport: kernel ${ports.sport}, dockfw ${got.sport}`);
    }
    if (ports.dport !== null && got.dport !== ports.dport) {
      problems.push(`dport: kernel ${ports.dport}, dockfw ${got.dport}`);
    }
    return problems;
  }

  /** Whether the packet may leave as `kernel` there and as `got` here. */
  #isFree(dockfw: PacketRecord, got: PacketTuple, kernel: PacketTuple): boolean {
    const textOf = (tuple: PacketTuple): string => `${dockfw.proto} ${tupleText(tuple)}`;
    // a new connection may look like the answer to a translated one: its port is free all the same
    if (dockfw.ctstate !== 'NEW' && this.#awaited.has(textOf(dockfw))) return false;
    if (kernel.sport === dockfw.sport) return this.#chosenByDockfw.has(textOf(kernel));
    if (got.sport === dockfw.sport) return this.#chosenByKernel.has(textOf(got));
    this.#chosenByKernel.add(textOf(kernel));
    this.#chosenByDockfw.add(textOf(got));
    this.chosen.push(dockfw.frame);
    return true;
  }
}

function tupleText(tuple: PacketTuple): string {
  return `${tuple.src} ${tuple.sport} ${tuple.dst} ${tuple.dport}`;
}

function describeTuple(tuple: PacketTuple): string {
  const port = (value: number | null): string => (value === null ? '' : `:${value}`);
  return `${tuple.src}${port(tuple.sport)} > ${tuple.dst}${port(tuple.dport)}`;
}

/** What the kernel did, in a line. */
export function describeKernel(kernel: KernelFrame): string {
  if (kernel.frag_held !== undefined) return `held, completed by frame ${kernel.frag_held}`;
  const parts = kernel.egress.map(
    (egress) => `out ${egress.iface} ${describeTuple(asPacketTuple(egress))}`,
  );
  if (kernel.local === true) {
    const tuple = kernel.local_tuple;
    parts.push(`local ${tuple === undefined ? '' : describeTuple(asPacketTuple(tuple))}`);
  }
  if (kernel.response !== undefined) parts.push(`answered ${kernel.response.join(', ')}`);
  return parts.length === 0 ? 'nothing left' : parts.join('; ');
}

function describeDockfw(dockfw: PacketRecord): string {
  const rule = dockfw.rule;
  const by = rule === null ? '' : ` ${rule.table} ${rule.chain} ${rule.number}`;
  const nat = dockfw.nat === null ? '' : ` nat ${describeTuple(dockfw.nat)}`;
  const fate = `${dockfw.path ?? 'no path'} ${dockfw.verdict ?? 'no verdict'}`;
  const why = `${dockfw.reason ?? 'no reason'}${by}`;
  return `${dockfw.role} ${fate} (${why}) out ${dockfw.out} ct ${dockfw.ctstate}${nat}`;
}

/** Several lines: the packet, both sides, and what is different. `note` is the case's own. */
export function describeOutcome(difference: OutcomeDifference, note: string): string {
  const { frame, kernel, dockfw, problems } = difference;
  const packet = dockfw === null ? '' : ` ${dockfw.proto} ${describeTuple(dockfw)}`;
  return [
    `frame ${frame} in ${kernel.in}${packet}  # ${note}`,
    `    kernel: ${describeKernel(kernel)}`,
    `    dockfw: ${dockfw === null ? '-' : describeDockfw(dockfw)}`,
    ...problems.map((problem) => `    ${problem}`),
  ].join('\n');
}
