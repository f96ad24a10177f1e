/** What is different when the kernel is asked once more. */
import { readCounters } from '../counters.ts';
import { describeKernel } from '../outcomes.ts';
import type { KernelFrame, Tuple } from '../records.ts';
import type { Answer, Files, Judged, Question, Shot } from './question.ts';
import { readEthernet } from './seen.ts';

/** A line for each frame, rule and counter that is not as it was; none: the same answer. */
export function changes(was: Answer, { question, answer }: Judged): string[] {
  const lines: string[] = [];
  for (const [index, frame] of answer.frames.entries()) {
    const [before, shot] = [was.frames[index], question.shots[index]];
    if (before === undefined || shot === undefined) continue;
    if (withoutChoice(before, shot) === withoutChoice(frame, shot)) continue;
    const [then, now] = [describeKernel(before), describeKernel(frame)];
    lines.push(`frame ${frame.frame}: it was: ${then}`, `    it is: ${now}`);
  }
  for (const name of ['iptables-save.txt', 'ip6tables-save.txt']) {
    lines.push(...changedCounters(was.after, answer.after, name));
  }
  return lines;
}

/** A port that the kernel drew, because the packet's own was taken, is another one each time. */
function withoutChoice(frame: KernelFrame, shot: Shot): string {
  const { ip } = readEthernet(shot.frame);
  const freed = <T extends Tuple>(tuple: T): T => ({
    ...tuple,
    ...(tuple.sport === undefined || tuple.sport === ip?.sport ? {} : { sport: 'another' }),
    ...(tuple.icmp_id === undefined || tuple.icmp_id === ip?.icmpId ? {} : { icmp_id: 'another' }),
  });
  const local = frame.local_tuple === undefined ? {} : { local_tuple: freed(frame.local_tuple) };
  return JSON.stringify({ ...frame, egress: frame.egress.map(freed), ...local });
}

function changedCounters(was: Files, is: Files, name: string): string[] {
  const printed = (files: Files): string[] =>
    readCounters(files[name] ?? '').map(
      ({ table, chain, packets, bytes, text }) => `${table} ${chain} ${packets}:${bytes} ${text}`,
    );
  const [then, now] = [printed(was), printed(is)];
  return [
    ...then.filter((line) => !now.includes(line)).map((line) => `it was: ${line}`),
    ...now.filter((line) => !then.includes(line)).map((line) => `it is: ${line}`),
  ];
}

/** Rules of the question that the kernel did not take. */
export function refusedRules(question: Question, judged: Judged): string[] {
  const { rules, rules6 } = judged.question;
  return [
    ...question.rules.filter((rule) => !rules.includes(rule)),
    ...question.rules6.filter((rule) => !rules6.includes(rule)),
  ];
}
