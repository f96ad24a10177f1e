/**
 * MATCH_BPF: classic BPF programs (xt_bpf.c, net/core/filter.c). They begin at the IP header. What
 * is loaded from beyond the packet ends a program with 0, as does a division by zero.
 */
import { Packet } from '../../packet';
import { byteAt } from '../bytes';
import { matchPayload } from '../record';

const INSTRUCTION_BYTES: usize = 8;
const MEMORY_WORDS: u32 = 16;
const scratch = memory.data(64);

// Instruction classes, and the rest of a code (uapi/linux/bpf_common.h).
const LD: u32 = 0;
const LDX: u32 = 1;
const ST: u32 = 2;
const STX: u32 = 3;
const ALU: u32 = 4;
const JMP: u32 = 5;
const RET: u32 = 6;
const ABS: u32 = 1;
const IND: u32 = 2;
const MEM: u32 = 3;
const LEN: u32 = 4;
const MSH: u32 = 5;

/** Set by loadPacket() when the bytes are not in the packet. */
let missing: bool = false;

/** Whether the program returns anything but 0. */
export function bpfMatches(p: Packet, match: usize): bool {
  const first = matchPayload(match) + 8;
  const count = load<u32>(matchPayload(match));
  let a: u32 = 0;
  let x: u32 = 0;
  missing = false;
  memory.fill(scratch, 0, MEMORY_WORDS * 4);
  for (let pc: u32 = 0; pc < count; pc++) {
    const at = first + <usize>pc * INSTRUCTION_BYTES;
    const code = <u32>load<u16>(at);
    const k = load<u32>(at, 4);
    switch (code & 7) {
      case LD:
        a = loaded(p, code, k, x);
        break;
      case LDX:
        x = code >> 5 == MSH ? (byteIn(p, k) & 15) << 2 : loaded(p, code, k, x);
        break;
      case ST:
        store<u32>(scratch + (<usize>k << 2), a);
        break;
      case STX:
        store<u32>(scratch + (<usize>k << 2), x);
        break;
      case ALU: {
        const operand = code & 8 ? x : k;
        const op = code >> 4;
        if (operand == 0 && (op == 3 || op == 9)) return false;
        a = calculated(op, a, operand);
        break;
      }
      case JMP: {
        const operand = code & 8 ? x : k;
        if (code >> 4 == 0) pc += k;
        else pc += jumps(code >> 4, a, operand) ? <u32>load<u8>(at, 2) : <u32>load<u8>(at, 3);
        break;
      }
      case RET:
        return (code & 0x18 ? a : k) != 0;
      default:
        if (code & 0x80) a = x;
        else x = a;
    }
    if (missing) return false;
  }
  return false;
}

/** What LD and LDX load, by mode and size. */
function loaded(p: Packet, code: u32, k: u32, x: u32): u32 {
  switch (code >> 5) {
    case ABS:
      return packetValue(p, k, code & 0x18);
    case IND:
      return packetValue(p, k + x, code & 0x18);
    case MEM:
      return load<u32>(scratch + (<usize>k << 2));
    case LEN:
      return p.ipLen;
    default:
      return k;
  }
}

function byteIn(p: Packet, at: u32): u32 {
  if (at >= p.ipLen) {
    missing = true;
    return 0;
  }
  return byteAt(p, at);
}

/** A word (size 0), half word (8) or byte (16) of the packet. */
function packetValue(p: Packet, at: u32, size: u32): u32 {
  if (size == 16) return byteIn(p, at);
  const half = (byteIn(p, at) << 8) | byteIn(p, at + 1);
  if (size == 8) return half;
  return (half << 16) | (byteIn(p, at + 2) << 8) | byteIn(p, at + 3);
}

function calculated(op: u32, a: u32, operand: u32): u32 {
  switch (op) {
    case 0:
      return a + operand;
    case 1:
      return a - operand;
    case 2:
      return a * operand;
    case 3:
      return a / operand;
    case 4:
      return a | operand;
    case 5:
      return a & operand;
    case 6:
      return a << (operand & 31);
    case 7:
      return a >> (operand & 31);
    case 8:
      return 0 - a;
    case 9:
      return a % operand;
    default:
      return a ^ operand;
  }
}

function jumps(op: u32, a: u32, operand: u32): bool {
  if (op == 1) return a == operand;
  if (op == 2) return a > operand;
  if (op == 3) return a >= operand;
  return (a & operand) != 0;
}
