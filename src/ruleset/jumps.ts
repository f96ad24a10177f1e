/**
 * Checks of the jumps within a table. Afterwards every jump names a user chain of the table and the
 * jumps make no circle: the target of a rule that breaks this becomes an `unknown` node.
 */
import { ChainLoopError, ChainReferenceError, type DockfwError, type Place } from '../errors.ts';
import { isBaseChain } from './base-chains.ts';
import type { ChainBuilder, RuleDraft, TableBuilder } from './chain-builder.ts';

interface Reporter {
  readonly place: (line: number, column: number) => Place;
  readonly report: (problem: DockfwError) => void;
}

export function checkJumps(table: TableBuilder, reporter: Reporter): void {
  const chains = [...table.chains.values()];
  const jumps = new Map(chains.map((chain) => [chain, jumpsOf(chain, table)]));
  for (const rule of [...jumps.values()].flat()) checkReference(table, rule, reporter);
  breakLoops(table, jumps, reporter);
}

/** In the order of the chain. */
function jumpsOf({ rules }: ChainBuilder, { jumps }: TableBuilder): RuleDraft[] {
  return jumps.size === 0 ? [] : rules.filter(({ target }) => target?.kind === 'jump');
}

function chainOf({ target }: RuleDraft): string | null {
  return target?.kind === 'jump' ? target.chain : null;
}

function refuse(rule: RuleDraft, chain: string): void {
  const text = `${rule.goto ? '-g' : '-j'} ${chain}`;
  rule.target = { kind: 'unknown', name: chain, text, line: rule.line };
}

function checkReference(table: TableBuilder, rule: RuleDraft, { place, report }: Reporter): void {
  const chain = chainOf(rule);
  if (chain === null) return;
  const exists = table.chains.has(chain);
  if (exists && !isBaseChain(table.name, chain)) return;
  const verb = rule.goto ? 'goes' : 'jumps';
  const message = exists
    ? `the rule ${verb} to the base chain ${chain}: expected a user chain`
    : `the rule ${verb} to ${chain}: table ${table.name} has no such chain` +
      (rule.goto ? '' : ', and no target of that name is known');
  const at = place(rule.line, table.jumps.get(rule) ?? 0);
  report(new ChainReferenceError(message, at, table.name, chain));
  refuse(rule, chain);
}

/** One chain on the way of the walk, and the next of its jumps to follow. */
interface Step {
  readonly chain: ChainBuilder;
  next: number;
}

/** Walks the jumps depth first, base chains first, and cuts each one that leads back. */
function breakLoops(
  table: TableBuilder,
  jumps: ReadonlyMap<ChainBuilder, readonly RuleDraft[]>,
  reporter: Reporter,
): void {
  const done = new Set<ChainBuilder>();
  const starts = [...table.chains.values()].sort(
    (a, b) => Number(a.policy === null) - Number(b.policy === null),
  );
  for (const start of starts) {
    const path: Step[] = done.has(start) ? [] : [{ chain: start, next: 0 }];
    const depths = new Map(path.map(({ chain }, depth) => [chain, depth]));
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const rule = jumps.get(step.chain)?.[step.next++];
      if (rule === undefined) {
        done.add(step.chain);
        depths.delete(step.chain);
        path.pop();
        continue;
      }
      const name = chainOf(rule);
      const to = name === null ? undefined : table.chains.get(name);
      if (to === undefined || done.has(to)) continue;
      const depth = depths.get(to);
      if (depth === undefined) {
        depths.set(to, path.length);
        path.push({ chain: to, next: 0 });
      } else {
        const names = path.slice(depth).map(({ chain }) => chain.name);
        cutLoop(table, rule, [...names, to.name], reporter);
      }
    }
  }
}

function cutLoop(
  table: TableBuilder,
  rule: RuleDraft,
  loop: readonly string[],
  { place, report }: Reporter,
): void {
  const message = `chains of table ${table.name} jump in a circle: ${loop.join(' -> ')}`;
  const at = place(rule.line, table.jumps.get(rule) ?? 0);
  report(new ChainLoopError(message, at, table.name, loop));
  refuse(rule, loop.at(-1) ?? '');
}
