/** The decision table by itself: no connections and nothing remembered between headers. */
import type { Compiled } from '../src/compile/compiled.ts';
import { compileHost } from './core-pass.ts';
import { type AccessCase, accessHeadersOf, accessHostOf, accessRulesFor } from './inputs.ts';
import { partsWith, place } from './parts/parts-core.ts';
import { callsOf } from './parts/sample.ts';
import { rteAclContenders } from './peers/rte-acl.ts';
import type { Contender, Row } from './row.ts';
import type { Settings } from './settings.ts';
import { type AccessRule, firstMatch } from './traffic/access-rules.ts';
import { HEADER_WORDS, type Headers } from './traffic/access-trace.ts';

/** Headers whose answers are compared with a walk from rule to rule. */
const CHECKED = 500;
const FAMILY_V4 = 4;
const TTL = 64 << 16;
const CASES: readonly AccessCase[] = ['unique', 'first', 'last', 'miss'];

export function decisionTableRows({ rules }: Settings): Row[] {
  return CASES.flatMap((which) =>
    rules.map((count) => ({
      name: `table, ${which}, ${count} rules`,
      contenders: [
        tableContender(which, count),
        ...(which === 'unique' ? rteAclContenders(count) : []),
      ],
    })),
  );
}

function tableContender(which: AccessCase, count: number): Contender {
  return {
    who: 'dockfw',
    prepare: async (settings) => {
      const compiled = await compileHost(accessHostOf(which, count));
      const parts = await partsWith(compiled);
      const headers = accessHeadersOf(which, count, settings.headers);
      const at = place(parts, packetHeaders(headers));
      const answers = place(parts, new Uint32Array(settings.headers));
      const from = interfaceId(compiled, 'eth0');
      const to = interfaceId(compiled, 'docker0');
      const classify = () => parts.core.classifyHeaders(at, settings.headers, from, to, answers);
      classify();
      const { buffer } = parts.heap.copy(answers, settings.headers * 4);
      checkAnswers(accessRulesFor(which, count), headers, compiled, new Uint32Array(buffer));
      return callsOf(classify, settings.headers, settings.rounds);
    },
  };
}

/** The headers as a Packet of the core begins: family, protocol, TTL and TOS are the last word. */
function packetHeaders(headers: Headers): Uint32Array {
  const isLast = (word: number) => word % HEADER_WORDS === HEADER_WORDS - 1;
  return headers.map((value, word) => (isLast(word) ? FAMILY_V4 | (value << 8) | TTL : value));
}

function interfaceId({ host }: Compiled, wanted: string): number {
  const found = host.interfaces.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`no interface ${wanted}`);
  return found.id;
}

/** Whether the first answers are what a walk from rule to rule finds: wrong ones need no speed. */
function checkAnswers(
  rules: readonly AccessRule[],
  headers: Headers,
  { counters }: Compiled,
  answers: Uint32Array,
): void {
  for (let i = 0; i < Math.min(CHECKED, answers.length); i++) {
    const counter = counters[answers[i] ?? -1];
    const header = headers.subarray(i * HEADER_WORDS, (i + 1) * HEADER_WORDS);
    const wanted = firstMatch(rules, header);
    if (counter === undefined || (counter.number ?? 0) !== wanted) {
      throw new Error(`header ${i}: rule ${counter?.number}, but rule ${wanted} is the first`);
    }
  }
}
