/**
 * TARGET_SNPT, TARGET_DNPT: stateless IPv6 prefix translation (RFC 6296), as ip6t_npt_map_pfx() of
 * ip6t_NPT.c. One word outside the prefix takes up what the prefix changes in checksums.
 */
import { TARGET_SNPT } from '../abi-rules';
import { internV6, v6Bytes } from '../address';
import { Packet } from '../packet';
import { forgetAddresses } from './classify';

const PREFIX: usize = 8; // in the arguments
const ADDRESS_BYTES: usize = 16;
const MANGLED_ZERO: u32 = 0xffff;
const FIRST_OF_INTERFACE: u32 = 4; // 16-bit words
const WORDS: u32 = 8;
const SUBNET: u32 = 3;
const LONG_PREFIX: u32 = 48; // longer ones leave no subnet

const address = memory.data(16);

/** Translates the source (SNPT) or the destination. False: there is no word to balance it with. */
export function translatePrefix(p: Packet, target: u32, args: usize): bool {
  memory.copy(address, v6Bytes(target == TARGET_SNPT ? p.src : p.dst), ADDRESS_BYTES);
  const prefixLen = load<u32>(args);
  for (let bit: u32 = 0; bit < prefixLen; bit += 8) {
    const at = bit >> 3;
    const kept: u32 = prefixLen - bit >= 8 ? 0 : 0xff >> (prefixLen - bit);
    const own = <u32>load<u8>(address + at) & kept;
    store<u8>(address + at, own | (<u32>load<u8>(args + PREFIX + at) & ~kept));
  }
  let word = SUBNET;
  if (prefixLen > LONG_PREFIX) {
    word = FIRST_OF_INTERFACE;
    while (word < WORDS && wordOf(word) == MANGLED_ZERO) word++;
    if (word == WORDS) return false;
  }
  let sum = wordOf(word) + load<u32>(args, 4);
  sum = (sum & 0xffff) + (sum >> 16);
  if (sum == MANGLED_ZERO) sum = 0;
  store<u16>(address + (<usize>word << 1), bswap<u16>(<u16>sum));
  const handle = internV6(address);
  if (target == TARGET_SNPT) p.src = handle;
  else p.dst = handle;
  forgetAddresses();
  return true;
}

@inline
function wordOf(index: u32): u32 {
  return bswap<u16>(load<u16>(address + (<usize>index << 1)));
}
