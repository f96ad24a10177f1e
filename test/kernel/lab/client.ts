/**
 * A kernel to ask: starts lab.py, which builds the namespaces, and talks to it line by line.
 * Needs root, iproute2, iptables, ipset, nftables and conntrack.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type Backend = 'nft' | 'legacy';
/** Files of a host snapshot by their names. */
export type Files = Readonly<Record<string, string>>;

export interface Setup {
  readonly backend: Backend;
  /** For iptables-restore and ip6tables-restore; '' for none. */
  readonly rules: string;
  readonly rules6: string;
  /** For ipset restore; '' for none. */
  readonly sets: string;
  readonly sysctls: Readonly<Record<string, string | number>>;
}

/** A table's lines: `:NAME POLICY` and `-A …`. */
export interface LabTable {
  readonly name: string;
  readonly chains: readonly string[];
  readonly rules: readonly string[];
}

/** What came of one frame; packets and frames as hexadecimal text. */
export interface Injection {
  /** Nanoseconds since the epoch. */
  readonly time: string;
  /** Copies that left, by the host's interface. */
  readonly egress: readonly { readonly iface: string; readonly frame: string }[];
  /** IP packets that passed INPUT, and that the host sent. */
  readonly local: readonly string[];
  readonly response: readonly string[];
}

/** A request that the lab refused, such as rules that do not load. */
export class LabError extends Error {}

/** A file of this folder; what is built to dist/ uses those of the sources. */
const source = (name: string): string =>
  fileURLToPath(new URL(name, import.meta.url)).replace('/dist/test/', '/test/');

const PROGRAM = source('lab.py');
export const TOPOLOGY = source('topology.json');

export class Lab {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  #complaints = '';

  constructor(topology: string = TOPOLOGY) {
    this.#process = spawn('python3', [PROGRAM, topology]);
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#complaints += chunk.toString();
    });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** The host's files that do not depend on rules. */
  snapshot(): Promise<Files> {
    return this.#ask('snapshot', {});
  }

  /** Those of the rules, whole `-A` lines, that the kernel does not take after those before them. */
  refused(
    setup: Pick<Setup, 'backend' | 'sets'>,
    family: 4 | 6,
    tables: readonly LabTable[],
  ): Promise<readonly string[]> {
    const listed = tables.map(({ name, chains, rules }) => [name, chains, rules]);
    const { backend, sets } = setup;
    return this.#ask('refused', { backend, sets, family, tables: listed });
  }

  /** Loads rules into a host without history; the files that depend on them. */
  begin(setup: Setup): Promise<Files> {
    return this.#ask('begin', setup);
  }

  inject(iface: string, frame: Uint8Array): Promise<Injection> {
    return this.#ask('inject', { iface, frame: Buffer.from(frame).toString('hex') });
  }

  /** Rules with their counters, sets, and the connections, after the last frame. */
  end(): Promise<Files> {
    return this.#ask('end', {});
  }

  /** Takes the namespaces away. */
  async close(): Promise<void> {
    this.#process.stdin.end();
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
  }

  async #ask<T>(kind: string, request: object): Promise<T> {
    this.#process.stdin.write(`${JSON.stringify({ kind, ...request })}\n`);
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`the lab ended: ${this.#complaints}`);
    const answer = JSON.parse(value) as { ok?: T; error?: string };
    if (answer.ok === undefined) throw new LabError(answer.error);
    return answer.ok;
  }
}
