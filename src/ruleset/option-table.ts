/**
 * Which option a word is: iptables' own options, then those of the extensions that the rule has
 * loaded so far, the newest first; the beginning of a long name is enough where it fits one
 * option only. The order and the rule for beginnings are getopt_long's over iptables' merged table
 * (libxtables/xtables.c, xtables_merge_options), so `--dport` with multiport alone is `--dports`.
 */
import type { Extension, OptionSpec } from './extension.ts';
import { FLAG, FLAG_OR_NOT, VALUE, VALUE_OR_NOT } from './extension.ts';

export type BaseOption =
  | 'append'
  | 'insert'
  | 'new-chain'
  | 'policy'
  | 'other-command'
  | 'source'
  | 'destination'
  | 'protocol'
  | 'in-interface'
  | 'out-interface'
  | 'fragments'
  | 'match'
  | 'jump'
  | 'goto'
  | 'table'
  | 'set-counters'
  | 'ipv4'
  | 'ipv6'
  | 'ignored';

interface BaseEntry {
  readonly id: BaseOption;
  readonly name: string;
  readonly short?: string;
  readonly spec: OptionSpec;
}

const BASE: readonly BaseEntry[] = [
  { name: 'append', short: 'A', id: 'append', spec: VALUE },
  { name: 'delete', short: 'D', id: 'other-command', spec: VALUE },
  { name: 'check', short: 'C', id: 'other-command', spec: VALUE },
  { name: 'insert', short: 'I', id: 'insert', spec: VALUE },
  { name: 'replace', short: 'R', id: 'other-command', spec: VALUE },
  { name: 'list', short: 'L', id: 'other-command', spec: FLAG },
  { name: 'list-rules', short: 'S', id: 'other-command', spec: FLAG },
  { name: 'flush', short: 'F', id: 'other-command', spec: FLAG },
  { name: 'zero', short: 'Z', id: 'other-command', spec: FLAG },
  { name: 'new-chain', short: 'N', id: 'new-chain', spec: VALUE },
  { name: 'delete-chain', short: 'X', id: 'other-command', spec: FLAG },
  { name: 'rename-chain', short: 'E', id: 'other-command', spec: VALUE },
  { name: 'policy', short: 'P', id: 'policy', spec: { args: 2 } },
  { name: 'source', short: 's', id: 'source', spec: VALUE_OR_NOT },
  { name: 'destination', short: 'd', id: 'destination', spec: VALUE_OR_NOT },
  { name: 'src', id: 'source', spec: VALUE_OR_NOT },
  { name: 'dst', id: 'destination', spec: VALUE_OR_NOT },
  { name: 'protocol', short: 'p', id: 'protocol', spec: VALUE_OR_NOT },
  { name: 'in-interface', short: 'i', id: 'in-interface', spec: VALUE_OR_NOT },
  { name: 'jump', short: 'j', id: 'jump', spec: VALUE },
  { name: 'table', short: 't', id: 'table', spec: VALUE },
  { name: 'match', short: 'm', id: 'match', spec: VALUE },
  { name: 'numeric', short: 'n', id: 'ignored', spec: FLAG },
  { name: 'out-interface', short: 'o', id: 'out-interface', spec: VALUE_OR_NOT },
  { name: 'verbose', short: 'v', id: 'ignored', spec: FLAG },
  { name: 'wait', short: 'w', id: 'ignored', spec: FLAG },
  { name: 'exact', short: 'x', id: 'ignored', spec: FLAG },
  { name: 'fragments', short: 'f', id: 'fragments', spec: FLAG_OR_NOT },
  { name: 'line-numbers', id: 'ignored', spec: FLAG },
  { name: 'modprobe', short: 'M', id: 'ignored', spec: VALUE },
  { name: 'set-counters', short: 'c', id: 'set-counters', spec: VALUE },
  { name: 'goto', short: 'g', id: 'goto', spec: VALUE },
  { name: 'ipv4', short: '4', id: 'ipv4', spec: FLAG },
  { name: 'ipv6', short: '6', id: 'ipv6', spec: FLAG },
];

const BY_NAME: ReadonlyMap<string, BaseEntry> = new Map(BASE.map((entry) => [entry.name, entry]));
const BY_LETTER: ReadonlyMap<string, BaseEntry> = new Map(
  BASE.flatMap((entry) => (entry.short === undefined ? [] : [[entry.short, entry] as const])),
);

/** `owner` null: iptables itself, and then `id` is a BaseOption. */
export interface FoundOption<Owner> {
  readonly owner: Owner | null;
  readonly id: string;
  readonly spec: OptionSpec;
}

export function findShort(letter: string): BaseEntry | undefined {
  return BY_LETTER.get(letter);
}

interface Loaded {
  readonly extension: Extension<unknown> | undefined;
}

/** The option of that exact name. */
export function findExact<Owner extends Loaded>(
  name: string,
  loaded: readonly Owner[],
): FoundOption<Owner> | undefined {
  const base = BY_NAME.get(name);
  if (base !== undefined) return { owner: null, id: base.id, spec: base.spec };
  for (let i = loaded.length - 1; i >= 0; i--) {
    const owner = loaded[i];
    const options = owner?.extension?.options;
    if (owner === undefined || options === undefined || !Object.hasOwn(options, name)) continue;
    const spec = options[name];
    if (spec !== undefined) return { owner, id: spec.id ?? name, spec };
  }
  return undefined;
}

/** All options in the order in which they are looked at. */
function* optionsOf<Owner extends Loaded>(
  loaded: readonly Owner[],
): Generator<FoundOption<Owner> & { readonly name: string }> {
  for (const { name, id, spec } of BASE) yield { owner: null, name, id, spec };
  for (const owner of loaded.toReversed()) {
    for (const [name, spec] of Object.entries(owner.extension?.options ?? {})) {
      yield { owner, name, id: spec.id ?? name, spec };
    }
  }
}

/** Options whose name begins with `start`: synonyms of one option count once. */
export function findByBeginning<Owner extends Loaded>(
  start: string,
  loaded: readonly Owner[],
): Array<FoundOption<Owner> & { readonly name: string }> {
  const found: Array<FoundOption<Owner> & { readonly name: string }> = [];
  for (const option of optionsOf(loaded)) {
    const fits = option.name.startsWith(start);
    if (fits && !found.some(({ owner, id }) => owner === option.owner && id === option.id)) {
      found.push(option);
    }
  }
  return found;
}
