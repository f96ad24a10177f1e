/**
 * The smallest question that still differs: leaves out frames and rules, many at once, then few.
 */
import type { Question } from '../lab/question.ts';

type Differs = (question: Question) => Promise<boolean>;

/** Elements of `list` that are needed for `differs`; tries ever smaller stretches. */
export async function reduce<T>(
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

/** Positions of the rules; chains, tables and policies stay. */
function rulesIn(lines: readonly string[]): number[] {
  return [...lines.keys()].filter((index) => lines[index]?.startsWith('-A ') === true);
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
    for (const key of ['rules', 'rules6'] as const) {
      const lines = small[key];
      const rules = rulesIn(lines);
      const withOnly = (kept: readonly number[]): Question => ({
        ...small,
        [key]: lines.filter((_, index) => !rules.includes(index) || kept.includes(index)),
      });
      small = withOnly(await reduce(rules, (kept) => attempt(withOnly(kept))));
    }
  }
  return small;
}
