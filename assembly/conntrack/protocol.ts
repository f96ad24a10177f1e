/** What every protocol's tracker shares. */
import { SYSCTL_CT_CHECKSUM } from '../abi';
import { sysctl } from '../host';
import { Packet } from '../packet';
import { transportChecksumOk } from '../wire/checksum';

// Results of a protocol's tracker.
export const TRACK_ACCEPT: u32 = 0;
export const TRACK_INVALID: u32 = 1;
export const TRACK_REPEAT: u32 = 2; // the connection was deleted: look the packet up again

/** Whether conntrack takes the packet's checksum as right. */
@inline
export function checksumOk(p: Packet): bool {
  return sysctl(SYSCTL_CT_CHECKSUM) == 0 || isChecksumRight(p);
}

/** Checksums are verified on arrival only; what the host sends is not finished yet. */
@inline
export function isChecksumRight(p: Packet): bool {
  return p.local != 0 || transportChecksumOk(p);
}
