/** The image of a host with one interface, as the compiler writes it, for the core alone. */
import * as abi from '../../assembly/abi.ts';
import { addressBytes } from './wire.ts';

/** The kernel's defaults. */
const DEFAULTS: Readonly<Record<number, number>> = {
  [abi.SYSCTL_CT_CHECKSUM]: 1,
  [abi.SYSCTL_CT_GENERIC_TIMEOUT]: 600,
  [abi.SYSCTL_CT_ICMP_TIMEOUT]: 30,
  [abi.SYSCTL_CT_ICMPV6_TIMEOUT]: 30,
  [abi.SYSCTL_CT_UDP_TIMEOUT]: 30,
  [abi.SYSCTL_CT_UDP_TIMEOUT_STREAM]: 120,
  [abi.SYSCTL_CT_GRE_TIMEOUT]: 30,
  [abi.SYSCTL_CT_GRE_TIMEOUT_STREAM]: 180,
  [abi.SYSCTL_CT_TCP_LOOSE]: 1,
  [abi.SYSCTL_CT_TCP_MAX_RETRANS]: 3,
  [abi.SYSCTL_CT_TCP_TIMEOUT_SYN_SENT]: 120,
  [abi.SYSCTL_CT_TCP_TIMEOUT_SYN_RECV]: 60,
  [abi.SYSCTL_CT_TCP_TIMEOUT_ESTABLISHED]: 432000,
  [abi.SYSCTL_CT_TCP_TIMEOUT_FIN_WAIT]: 120,
  [abi.SYSCTL_CT_TCP_TIMEOUT_CLOSE_WAIT]: 60,
  [abi.SYSCTL_CT_TCP_TIMEOUT_LAST_ACK]: 30,
  [abi.SYSCTL_CT_TCP_TIMEOUT_TIME_WAIT]: 120,
  [abi.SYSCTL_CT_TCP_TIMEOUT_CLOSE]: 10,
  [abi.SYSCTL_CT_TCP_TIMEOUT_MAX_RETRANS]: 300,
  [abi.SYSCTL_CT_TCP_TIMEOUT_UNACKNOWLEDGED]: 300,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_CLOSED]: 10,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_COOKIE_WAIT]: 3,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_COOKIE_ECHOED]: 3,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_ESTABLISHED]: 210,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_SHUTDOWN_SENT]: 3,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_SHUTDOWN_RECD]: 3,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_SHUTDOWN_ACK_SENT]: 3,
  [abi.SYSCTL_CT_SCTP_TIMEOUT_HEARTBEAT_SENT]: 30,
};

/** Interface 1, eth0, with 192.168.1.10/24 and 2001:db8::10/64. */
export function hostImage(
  sysctls: Readonly<Record<number, number>> = {},
  known: readonly Uint8Array[] = [],
): Uint8Array {
  const head = abi.IMAGE_HEADER_WORDS * 4 + abi.SECTION_COUNT * 8;
  const at = (bytes: number): number => (bytes + 63) & ~63;
  const sysctlAt = at(head);
  const ifaceAt = at(sysctlAt + abi.SYSCTL_COUNT * 4);
  const addressAt = at(ifaceAt + abi.IFACE_SIZE);
  const knownAt = at(addressAt + 2 * abi.ADDRESS_SIZE);
  const bytes = new Uint8Array(knownAt + known.length * abi.KNOWN_CONN_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, abi.ABI_MAGIC, true);
  view.setUint32(4, abi.ABI_VERSION, true);
  view.setUint32(8, bytes.length, true);
  view.setUint32(12, abi.IMAGE_CONNTRACK | abi.IMAGE_CONN_TAGS, true);
  for (let i = 0; i < abi.SECTION_COUNT; i++) view.setUint32(16 + i * 8, knownAt, true);
  const section = (index: number, offset: number, count: number): void => {
    view.setUint32(16 + index * 8, offset, true);
    view.setUint32(20 + index * 8, count, true);
  };
  section(abi.SECTION_SYSCTL, sysctlAt, abi.SYSCTL_COUNT);
  section(abi.SECTION_IFACE, ifaceAt, 1);
  section(abi.SECTION_ADDRESS, addressAt, 2);
  section(abi.SECTION_CONNTRACK, knownAt, known.length);
  for (const [index, value] of Object.entries({ ...DEFAULTS, ...sysctls })) {
    view.setUint32(sysctlAt + Number(index) * 4, value, true);
  }
  view.setUint32(ifaceAt, 2, true);
  view.setUint16(ifaceAt + 4, abi.IFACE_UPLINK, true);
  view.setUint16(ifaceAt + 22, 0, true);
  view.setUint16(ifaceAt + 24, 2, true);
  const address = (offset: number, family: number, length: number, text: string): void => {
    view.setUint16(offset, 1, true);
    bytes[offset + 2] = family;
    bytes[offset + 3] = length;
    bytes.set(addressBytes(text), offset + 16);
  };
  address(addressAt, abi.FAMILY_V4, 24, '192.168.1.10');
  address(addressAt + abi.ADDRESS_SIZE, abi.FAMILY_V6, 64, '2001:db8::10');
  known.forEach((record, i) => {
    bytes.set(record, knownAt + i * abi.KNOWN_CONN_SIZE);
  });
  return bytes;
}
