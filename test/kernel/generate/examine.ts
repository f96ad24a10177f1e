/** Compares a judged case with dockfw, shows what differs, keeps it and makes it smaller. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgedCase } from '../case.ts';
import { writeCaseFile } from '../case-file.ts';
import { type CaseResult, checkCase, describeResult } from '../check-case.ts';
import { ask } from '../lab/ask.ts';
import { changes } from '../lab/changes.ts';
import type { Lab } from '../lab/client.ts';
import type { Judged, Question } from '../lab/question.ts';
import { shrink } from './shrink.ts';

export interface ExamineOptions {
  /** Directory of the cases that differ; null: nowhere. */
  readonly keep: string | null;
  /** How many of them are made smaller. */
  readonly shrink: number;
  /** How many frames are printed of each. */
  readonly limit: number;
  readonly print: (text: string) => void;
}

/** How often what differed is asked again. */
const CONFIRMATIONS = 2;

const isEqual = ({ counters, outcomes, connections }: CaseResult): boolean =>
  counters.length + outcomes.length + connections.length === 0;

export class Examiner {
  readonly #options: ExamineOptions;
  cases = 0;
  /** Those that differed again when asked again. */
  different = 0;
  /** Those that did not: the kernel chose, or was slow, in a way that nobody could foresee. */
  passing = 0;

  constructor(options: ExamineOptions) {
    this.#options = options;
  }

  /**
   * Whether dockfw says the same as the kernel; `again`: words of a command that asks once more.
   */
  async examine(lab: Lab, name: string, judged: Judged, again: string): Promise<boolean> {
    const { keep, print } = this.#options;
    this.cases++;
    const differences = await this.#differences(name, judged);
    if (differences === '') return true;
    print(`${differences}\nagain: npm run lab -- ${again}`);
    if (keep !== null) this.#write(keep, name, judged);
    if (!(await this.#differsAgain(lab, name, judged))) {
      this.passing++;
      print(`${name}: equal when asked ${CONFIRMATIONS} times more`);
      return true;
    }
    this.different++;
    if (this.different <= this.#options.shrink) await this.#smaller(lab, name, judged.question);
    return false;
  }

  /** Whether another answer to the same rules and frames differs too; tells what changed in it. */
  async #differsAgain(lab: Lab, name: string, judged: Judged): Promise<boolean> {
    for (let time = 0; time < CONFIRMATIONS; time++) {
      const now = await ask(lab, judged.question);
      const changed = changes(judged.answer, now);
      if (changed.length > 0) {
        this.#options.print([`${name}: the kernel's answer changed`, ...changed].join('\n'));
      }
      if ((await this.#differences(name, now)) !== '') return true;
    }
    return false;
  }

  async #differences(name: string, judged: Judged): Promise<string> {
    const kernelCase = judgedCase(name, judged);
    const result = await checkCase(kernelCase, 1);
    return isEqual(result) ? '' : describeResult(kernelCase, result, this.#options.limit);
  }

  #write(directory: string, name: string, judged: Judged): string {
    mkdirSync(directory, { recursive: true });
    const path = join(directory, `${name}.json`);
    writeCaseFile(path, judged);
    return path;
  }

  async #smaller(lab: Lab, name: string, question: Question): Promise<void> {
    const { keep, print } = this.#options;
    const small = await shrink(question, async (candidate) => {
      const judged = await ask(lab, candidate);
      return !isEqual(await checkCase(judgedCase(name, judged), 1));
    });
    const judged = await ask(lab, small);
    const directory = keep ?? mkdtempSync(join(tmpdir(), 'dockfw-lab-'));
    const path = this.#write(directory, `small-${name}`, judged);
    print(`smaller, in ${path}:\n${await this.#differences(`small-${name}`, judged)}`);
    print(small.shots.map(({ note }, index) => `  ${index + 1}: ${note}`).join('\n'));
    const rules = [...judged.question.rules, ...judged.question.rules6];
    print(rules.filter((line) => /^\*|^-A /.test(line)).join('\n'));
  }
}
