/**
 * A case in one file: a question as anybody can write it, and under `answer` what the kernel said.
 *
 *     { "about": "…", "backend": "nft", "rules": ["*filter", …, "COMMIT"], "sysctls": {…},
 *       "frames": [{ "in": "eth0", "note": "SYN", "frame": "0200c0a8010a…" }, …] }
 *
 * Texts are lists of their lines, and what is different each time and says nothing is left out.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { caseText } from './case-text.ts';
import { TOPOLOGY } from './lab/client.ts';
import type { Answer, Backend, Files, Question, Shot } from './lab/question.ts';
import type { KernelFrame } from './records.ts';

export interface FileCase {
  readonly question: Question;
  /** null: the kernel has not been asked yet. */
  readonly answer: Answer | null;
}

type Content = readonly string[] | readonly object[];

interface WrittenAnswer {
  readonly kernel: string;
  /** Of `milliseconds`. */
  readonly from: string;
  readonly milliseconds: readonly number[];
  readonly frames: readonly KernelFrame[];
  readonly after: Readonly<Record<string, Content>>;
  /** Without the rules: they are those of `after`, from zero. */
  readonly host: Readonly<Record<string, Content>>;
}

/** The file: all but rules and frames can be left out. */
interface Written {
  readonly about?: string;
  readonly backend?: Backend;
  /** Beside this file; the lab's own where there is none. */
  readonly topology?: string;
  readonly rules?: readonly string[];
  readonly rules6?: readonly string[];
  readonly sets?: readonly string[];
  readonly sysctls?: Question['sysctls'];
  readonly frames: readonly {
    readonly in: string;
    readonly note?: string;
    readonly wait?: number;
    readonly datagram?: number;
    readonly frame: string;
  }[];
  readonly answer?: WrittenAnswer;
}

export const caseName = (path: string): string => basename(path, '.json');

export function readCaseFile(path: string): FileCase {
  const written = JSON.parse(readFileSync(path, 'utf8')) as Written;
  const { about = caseName(path), backend = 'nft', topology, answer } = written;
  const { rules = [], rules6 = [], sets = [], sysctls = {} } = written;
  const question = {
    about,
    backend,
    topology: topology === undefined ? TOPOLOGY : resolve(dirname(path), topology),
    rules,
    rules6,
    sets,
    sysctls,
    shots: written.frames.map((frame, index) => shotOf(frame, `${path}: frame ${index + 1}`)),
  };
  return { question, answer: answer === undefined ? null : answerOf(answer) };
}

/** Hexadecimal digits may have space between them. */
function shotOf(written: Written['frames'][number], place: string): Shot {
  const { in: iface, note = '', wait, datagram } = written;
  const hex = written.frame.replace(/\s+/g, '');
  if (!/^(?:[\da-f]{2})+$/i.test(hex)) throw new Error(`${place}: not hexadecimal bytes`);
  return {
    iface,
    frame: Uint8Array.from(Buffer.from(hex, 'hex')),
    note,
    ...(wait === undefined ? {} : { wait }),
    ...(datagram === undefined ? {} : { datagram }),
  };
}

export function writeCaseFile(path: string, { question, answer }: FileCase): void {
  const { about, backend, rules, rules6, sets, sysctls, shots } = question;
  const topology =
    question.topology === TOPOLOGY ? {} : { topology: relative(dirname(path), question.topology) };
  const frames = shots.map(({ iface, frame, note, wait, datagram }) => ({
    in: iface,
    note,
    wait,
    datagram,
    frame: Buffer.from(frame).toString('hex'),
  }));
  const asked = { about, backend, ...topology, rules, rules6, sets, sysctls, frames };
  const answered = answer === null ? {} : { answer: writtenAnswer(answer) };
  writeFileSync(path, caseText({ ...asked, ...answered }));
}

const RULES = ['iptables-save.txt', 'ip6tables-save.txt'];

function writtenAnswer(answer: Answer): WrittenAnswer {
  const [first = 0] = answer.micros;
  const start = Math.floor(first / 1000);
  const host = Object.entries(answer.host).filter(([name]) => !RULES.includes(name));
  return {
    kernel: answer.kernel,
    from: new Date(start).toISOString(),
    milliseconds: answer.micros.map((micros) => (micros - start * 1000) / 1000),
    frames: answer.frames,
    after: contents(answer.after),
    host: contents(Object.fromEntries(host)),
  };
}

function answerOf({ kernel, from, milliseconds, frames, after, host }: WrittenAnswer): Answer {
  const start = Date.parse(from) * 1000;
  const texts = files(after);
  const rules = RULES.map((name) => [name, fromZero(texts[name] ?? '')]);
  return {
    kernel,
    host: { ...files(host), ...Object.fromEntries(rules) },
    micros: milliseconds.map((passed) => start + Math.round(passed * 1000)),
    frames,
    after: texts,
  };
}

/** Rules as `iptables-save -c` prints them before anything was counted. */
function fromZero(text: string): string {
  return text.replace(/^\[\d+:\d+\]/gm, '[0:0]').replace(/^(:.*) \[\d+:\d+\]$/gm, '$1 [0:0]');
}

/** Dates of iptables-save, seeds of sets and timers of bridges. */
function withoutNoise(text: string): string {
  return text
    .replace(/^(# (?:Generated|Completed).*?) on .*$/gm, '$1')
    .replace(/ initval 0x[\da-f]+/g, '')
    .replace(/"[a-z_]+_timer":\s*[\d.]+,/g, '');
}

/** Files that are empty are left out. */
function contents(texts: Files): Record<string, Content> {
  const filled = Object.entries(texts).filter(([, text]) => text.trim() !== '');
  return Object.fromEntries(
    filled.map(([name, noisy]) => {
      const text = withoutNoise(noisy);
      const lines = text.replace(/\n$/, '').split('\n');
      if (name === 'conntrack.txt') lines.sort(); // they come as their hashes do
      return [name, name.endsWith('.json') ? (JSON.parse(text) as object[]) : lines];
    }),
  );
}

function files(written: Readonly<Record<string, Content>>): Files {
  return Object.fromEntries(
    Object.entries(written).map(([name, content]) => [
      name,
      name.endsWith('.json') ? JSON.stringify(content) : `${content.join('\n')}\n`,
    ]),
  );
}
