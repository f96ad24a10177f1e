/**
 * VLAN devices: the interface that gets the frames with a tag (vlan_do_receive(),
 * net/8021q/vlan_core.c). A tag is a VLAN id, with TAG_8021AD for the service tags of 802.1ad.
 */
import { IFACE_UP, TAG_8021AD } from './abi';
import { ifaceAt, ifaceCount } from './host';
import { allocate } from './memory';

let devices: usize = 0; // u16 interface ids
let deviceCount: u32 = 0;

/** Finds the host's VLAN devices. False when memory runs out. */
export function attachVlans(): bool {
  devices = allocate(<usize>ifaceCount() * 2 + 2);
  deviceCount = 0;
  if (devices == 0) return false;
  for (let id: u32 = 1; id <= ifaceCount(); id++) {
    const iface = ifaceAt(id);
    if (iface.lower == 0 || !(iface.flags & IFACE_UP)) continue;
    store<u16>(devices + <usize>deviceCount * 2, <u16>id);
    deviceCount++;
  }
  return true;
}

/** The VLAN device of `tag` on the interface `lower`, or 0. */
export function vlanDevice(lower: u32, tag: u32): u32 {
  for (let i: u32 = 0; i < deviceCount; i++) {
    const id = <u32>load<u16>(devices + <usize>i * 2);
    const iface = ifaceAt(id);
    if (<u32>iface.lower == lower && <u32>iface.vlan == tag) return id;
  }
  return 0;
}

/** The first VLAN device of `tag` on whatever interface, or 0. */
export function anyVlanDevice(tag: u32): u32 {
  for (let i: u32 = 0; i < deviceCount; i++) {
    const id = <u32>load<u16>(devices + <usize>i * 2);
    if (<u32>ifaceAt(id).vlan == tag) return id;
  }
  return 0;
}

/** Whether frames with this tag count as untagged: it has a priority only. */
@inline
export function isPriorityTag(tag: u32): bool {
  return (tag & ~TAG_8021AD) == 0;
}
