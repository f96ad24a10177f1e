/**
 * A kernel to ask: starts lab.py, which builds the namespaces, and talks to it line by line.
 * Needs root, iproute2, iptables, ipset, nftables and conntrack.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Files, Question } from './question.ts';

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

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');
const topologyOf = (question: Question): unknown =>
  JSON.parse(readFileSync(question.topology, 'utf8'));

export class Lab {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  #complaints = '';

  /** `processor`: which one it works on; labs that run side by side need one each. */
  constructor(processor = 0) {
    this.#process = spawn('python3', [PROGRAM, `${processor}`]);
    this.#process.stderr.on('data', (chunk: Buffer) => {
      this.#complaints += chunk.toString();
    });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Those of the rules, whole `-A` lines, that the kernel does not take after those before them.
   */
  refused(question: Question, family: 4 | 6): Promise<readonly string[]> {
    const { backend, sets } = question;
    const rules = family === 4 ? question.rules : question.rules6;
    const topology = topologyOf(question);
    return this.#ask('refused', { topology, backend, family, rules, sets: text(sets) });
  }

  /** Builds a host and loads the rules; the host's files. */
  begin(question: Question): Promise<Files> {
    const { backend, sysctls } = question;
    return this.#ask('begin', {
      topology: topologyOf(question),
      backend,
      rules: text(question.rules),
      rules6: text(question.rules6),
      sets: text(question.sets),
      sysctls,
    });
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
