/** Classic BPF programs: those that the kernel would load, and that look at the packet alone. */
import { MATCH_BPF } from '../../../assembly/abi-rules.ts';
import type { BpfInstruction } from '../../ruleset/match/bpf.ts';
import { ByteWriter } from './byte-writer.ts';
import { match } from './condition.ts';
import { type LoweredMatch, type MatchOf, Refused } from './context.ts';

const LD = 0;
const LDX = 1;
const ST = 2;
const STX = 3;
const ALU = 4;
const JMP = 5;
const RET = 6;
const FROM_PACKET = [0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0xb1];
const MEMORY_WORDS = 16;
/** From here on offsets mean something else than bytes of the packet (SKF_LL_OFF). */
const SPECIAL_OFFSETS = 0xffe00000;

/** Codes that chk_code_allowed() of net/core/filter.c lets through, by class. */
const CODES: Readonly<Record<number, readonly number[]>> = {
  [LD]: [0x00, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x60, 0x80],
  [LDX]: [0x01, 0x61, 0x81, 0xb1],
  [ST]: [0x02],
  [STX]: [0x03],
  [ALU]: [0, 1, 2, 3, 4, 5, 6, 7, 9, 10].flatMap((op) => [op * 16 + 4, op * 16 + 12]).concat(0x84),
  [JMP]: [0x05, 0x15, 0x1d, 0x25, 0x2d, 0x35, 0x3d, 0x45, 0x4d],
  [RET]: [0x06, 0x16],
  7: [0x07, 0x87],
};

/** Why the kernel would not take an instruction (bpf_check_classic); null: it would. */
function invalidBecause({ code, jt, jf, k }: BpfInstruction, left: number): string | null {
  if (!CODES[code & 7]?.includes(code)) return `code ${code} is not known`;
  if ((code === 0x34 || code === 0x94) && k === 0) return 'it divides by zero';
  if ((code === 0x64 || code === 0x74) && k > 31) return 'it shifts by more than 31';
  const usesMemory = [ST, STX].includes(code & 7) || code === 0x60 || code === 0x61;
  if (usesMemory && k >= MEMORY_WORDS) return `there is no word ${k} of memory`;
  const target = code === 0x05 ? k : Math.max(jt, jf);
  return (code & 7) === JMP && target >= left ? 'it jumps beyond its end' : null;
}

export function lowerBpf({ program, pinned }: MatchOf<'bpf'>): LoweredMatch[] | Refused {
  if (pinned !== null) return new Refused('a pinned eBPF object is not in a snapshot');
  const out = new ByteWriter().u32(program.length, 0);
  for (const [i, instruction] of program.entries()) {
    const { code, jt, jf, k } = instruction;
    const invalid = invalidBecause(instruction, program.length - 1 - i);
    if (invalid !== null) return new Refused(`the BPF program is not valid: ${invalid}`);
    if (FROM_PACKET.includes(code) && k >= SPECIAL_OFFSETS) {
      return new Refused('the BPF program asks for more than the bytes of the packet');
    }
    out.u16(code).u8(jt).u8(jf).u32(k);
  }
  const last = program.at(-1);
  if (last === undefined || (last.code & 7) !== RET) {
    return new Refused('the BPF program is not valid: it does not end with a return');
  }
  return [match(MATCH_BPF, out.toUint8Array())];
}
