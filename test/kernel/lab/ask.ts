/** Puts a question to the kernel: loads its rules and sends its frames. */
import { release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Injection, type Lab, LabError } from './client.ts';
import { kernelFrames } from './kernel-frames.ts';
import type { Files, Judged, Question, Shot } from './question.ts';

export type Send = (shot: Shot) => Promise<Injection>;

const KERNEL = /^[\d.]+/.exec(release())?.[0] ?? 'unknown';

/** Asks with the frames as they are, or with those that `traffic` sends. */
export async function ask(
  lab: Lab,
  question: Question,
  traffic: (send: Send) => Promise<void> = async (send) => {
    for (const shot of question.shots) await send(shot);
  },
): Promise<Judged> {
  const { loaded, host } = await load(lab, question);
  const shots: Shot[] = [];
  const injections: Injection[] = [];
  await traffic(async (shot) => {
    if (shot.wait !== undefined) await sleep(shot.wait);
    const injection = await lab.inject(shot.iface, shot.frame);
    shots.push(shot);
    injections.push(injection);
    return injection;
  });
  const after = await lab.end();
  return {
    question: { ...loaded, shots },
    answer: {
      kernel: KERNEL,
      host,
      micros: injections.map(({ time }) => Number(BigInt(time) / 1000n)),
      frames: kernelFrames(shots, injections),
      after,
    },
  };
}

/** Loads the rules; those that this machine's iptables refuses are left out. */
async function load(lab: Lab, question: Question): Promise<{ loaded: Question; host: Files }> {
  let loaded = question;
  for (;;) {
    try {
      return { loaded, host: await lab.begin(loaded) };
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      const family = /^ip6tables/.test(error.message) ? 6 : 4;
      const key = family === 4 ? 'rules' : 'rules6';
      const line = Number(/line:? (\d+)/.exec(error.message)?.[1] ?? Number.NaN);
      const named = loaded[key][line - 1] ?? '';
      // of what fails at its COMMIT, no message names the rule
      const bad = named.startsWith('-A ') ? [named] : await lab.refused(loaded, family);
      const kept = loaded[key].filter((rule) => !bad.includes(rule));
      if (kept.length === loaded[key].length) throw error;
      loaded = { ...loaded, [key]: kept };
    }
  }
}
