/** Counters of an `iptables-save -c` text, and where two such texts differ. */

/** One line that counts: a rule, or a base chain's policy. */
export interface CounterLine {
  readonly table: string;
  readonly chain: string;
  /** 1-based in its chain; null for the policy. */
  readonly number: number | null;
  /** The rule as written, without its counters; for a policy the policy. */
  readonly text: string;
  readonly packets: number;
  readonly bytes: number;
}

export interface CounterDifference {
  readonly line: CounterLine;
  /** What the other side counted; null: it has no such rule or chain. */
  readonly got: CounterLine | null;
}

const POLICY = /^:(\S+) (ACCEPT|DROP) \[(\d+):(\d+)\]$/;
const RULE = /^(?:\[(\d+):(\d+)\] )?(-A (\S+).*)$/;

/** Every rule and base chain policy, in the order of the text. */
export function readCounters(text: string): CounterLine[] {
  const lines: CounterLine[] = [];
  const numbers = new Map<string, number>();
  let table = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1);
    const policy = POLICY.exec(line);
    if (policy !== null) {
      const [, chain = '', word = '', packets, bytes] = policy;
      const counters = { packets: Number(packets), bytes: Number(bytes) };
      lines.push({ table, chain, number: null, text: word, ...counters });
      continue;
    }
    const rule = RULE.exec(line);
    if (rule === null) continue;
    const [, packets = '0', bytes = '0', ruleText = '', chain = ''] = rule;
    const key = `${table} ${chain}`;
    const number = (numbers.get(key) ?? 0) + 1;
    numbers.set(key, number);
    const counters = { packets: Number(packets), bytes: Number(bytes) };
    lines.push({ table, chain, number, text: ruleText.trimEnd(), ...counters });
  }
  return lines;
}

function keyOf(line: CounterLine): string {
  return `${line.table} ${line.chain} ${line.number ?? 'policy'}`;
}

/** Lines of `want` that `got` lacks, has with another text or has counted differently. */
export function compareCounters(want: string, got: readonly CounterLine[]): CounterDifference[] {
  const found = new Map(got.map((line) => [keyOf(line), line]));
  const differences: CounterDifference[] = [];
  for (const line of readCounters(want)) {
    const other = found.get(keyOf(line)) ?? null;
    const same =
      other !== null &&
      other.text === line.text &&
      other.packets === line.packets &&
      other.bytes === line.bytes;
    if (!same) differences.push({ line, got: other });
  }
  return differences;
}

export function describeCounter({ line, got }: CounterDifference): string {
  const place = `${line.table} ${line.chain} ${line.number ?? 'policy'}`;
  const kernel = `${line.packets}:${line.bytes}`;
  if (got === null) return `${place}: kernel ${kernel}, dockfw has no such line: ${line.text}`;
  const text = got.text === line.text ? line.text : `${line.text}\n    printed as: ${got.text}`;
  return `${place}: kernel ${kernel}, dockfw ${got.packets}:${got.bytes}: ${text}`;
}
