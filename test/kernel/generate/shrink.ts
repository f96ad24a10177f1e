/** The smallest case that still differs: leaves out frames and rules, many at once, then few. */
import type { Question } from './lab-case.ts';
import type { Family } from './topology.ts';

type Differs = (question: Question) => Promise<boolean>;

/** Elements of `list` that are needed for `differs`; tries ever smaller stretches. */
async function reduce<T>(
  list: readonly T[],
  differs: (kept: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let kept = list;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < kept.length; ) {
      const without = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (await differs(without)) kept = without;
      else at += size;
    }
  }
  return kept;
}

function withRules(question: Question, family: Family, rules: readonly string[]): Question {
  const left = new Map<string, number>();
  for (const rule of rules) left.set(rule, (left.get(rule) ?? 0) + 1);
  const tables = question.tables[family].map((table) => ({
    ...table,
    rules: table.rules.filter((rule) => {
      const key = `${table.name} ${rule}`;
      const count = left.get(key) ?? 0;
      left.set(key, count - 1);
      return count > 0;
    }),
  }));
  return { ...question, tables: { ...question.tables, [family]: tables } };
}

export async function shrink(question: Question, differs: Differs): Promise<Question> {
  let small = question;
  const attempt = async (candidate: Question): Promise<boolean> => {
    try {
      return await differs(candidate);
    } catch {
      return false; // the rest does not load
    }
  };
  for (let round = 0; round < 2; round++) {
    const shots = await reduce(small.shots, (kept) => attempt({ ...small, shots: kept }));
    small = { ...small, shots };
    for (const family of [4, 6] as const) {
      const rules = small.tables[family].flatMap(({ name, rules: lines }) =>
        lines.map((line) => `${name} ${line}`),
      );
      const kept = await reduce(rules, (some) => attempt(withRules(small, family, some)));
      small = withRules(small, family, kept);
    }
  }
  return small;
}
