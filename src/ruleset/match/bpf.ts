import { type Argument, type Extension, VALUE } from '../extension.ts';
import { Fault } from '../fault.ts';
import { MAX_U8, MAX_U16, part, split, text, unsigned } from '../readers.ts';

/** A classic BPF instruction. */
export interface BpfInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** -m bpf: a classic program, or a pinned eBPF object that a saved rule set does not contain. */
export interface BpfMatch {
  readonly kind: 'bpf';
  readonly program: readonly BpfInstruction[];
  readonly pinned: string | null;
}

const MAX_INSTRUCTIONS = 64; // XT_BPF_MAX_NUM_INSTR

/** `count,code jt jf k,…` as `nfbpf_compile` and `tcpdump -ddd` write it. */
function program(arg: Argument): BpfInstruction[] {
  const [count, ...lines] = split(arg, ',');
  const declared = unsigned(MAX_INSTRUCTIONS, 1)(count ?? part(arg, 0, 0));
  if (lines.at(-1)?.text.trim() === '') lines.pop();
  if (lines.length !== declared) {
    throw new Fault(`expected ${declared} instructions, found ${lines.length}`, arg.column);
  }
  return lines.map((line) => {
    const numbers = line.text.trim().split(/\s+/).map(Number);
    const [code = -1, jt = -1, jf = -1, k = -1] = numbers;
    const valid = numbers.length === 4 && numbers.every((n) => Number.isInteger(n) && n >= 0);
    if (!valid || code > MAX_U16 || jt > MAX_U8 || jf > MAX_U8) {
      throw new Fault('expected four numbers: code jt jf k', line.column);
    }
    return { code, jt, jf, k };
  });
}

export const bpfExtension: Extension<BpfMatch> = {
  name: 'bpf',
  options: { bytecode: VALUE, 'object-pinned': VALUE },
  read: (options) => {
    options.needOneOf(['bytecode', 'object-pinned']);
    return {
      kind: 'bpf',
      program: options.value('bytecode', program, []),
      pinned: options.value('object-pinned', text, null),
    };
  },
};
