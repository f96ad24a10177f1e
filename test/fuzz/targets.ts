import { fail } from '../command-line.ts';
import { capture } from './capture.ts';
import { core } from './core.ts';
import { host } from './host.ts';
import type { Target } from './target.ts';
import { ipset, ruleset } from './text.ts';

export const targets: readonly Target[] = [capture, ruleset, ipset, host, core];

export function targetOf(name: string): Target {
  const found = targets.find((target) => target.name === name);
  if (found) return found;
  return fail(`no target ${name}: ${targets.map((target) => target.name).join(', ')}`);
}
