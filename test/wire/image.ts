/** Builds small images of a host: what the front reads of one. */
import * as abi from '../../assembly/abi.ts';

export interface InterfaceSpec {
  readonly name: string;
  readonly kind: number;
  readonly ifindex?: number;
  readonly mac?: string;
  readonly master?: string;
  readonly flags?: number;
  /** A VLAN device: the interface below, and the tag of its frames there. */
  readonly lower?: string;
  readonly vlan?: number;
  /** "192.168.1.10/24" */
  readonly addresses?: readonly string[];
}

export interface HostSpec {
  readonly interfaces: readonly InterfaceSpec[];
  /** MAC and port. */
  readonly fdb?: readonly (readonly [mac: string, port: string])[];
  /** Interface and MAC. */
  readonly neighbours?: readonly (readonly [iface: string, mac: string])[];
  readonly sysctls?: Readonly<Record<number, number>>;
  readonly flags?: number;
}

export const UPLINK: InterfaceSpec = {
  name: 'eth0',
  kind: abi.IFACE_UPLINK,
  ifindex: 2,
  mac: '02:00:c0:a8:01:0a',
  addresses: ['192.168.1.10/24', '2001:db8::10/64'],
};
export const BRIDGE: InterfaceSpec = {
  name: 'docker0',
  kind: abi.IFACE_BRIDGE,
  ifindex: 3,
  mac: '02:42:81:11:00:01',
  addresses: ['172.17.0.1/16'],
};
export const PORT: InterfaceSpec = {
  name: 'veth1',
  kind: abi.IFACE_PORT,
  ifindex: 5,
  mac: 'fe:01:ac:11:00:02',
  master: 'docker0',
};
const PORT2: InterfaceSpec = {
  name: 'veth2',
  kind: abi.IFACE_PORT,
  ifindex: 7,
  mac: 'fe:01:ac:11:00:03',
  master: 'docker0',
};
export const LOOPBACK: InterfaceSpec = {
  name: 'lo',
  kind: abi.IFACE_LOOPBACK,
  ifindex: 1,
  addresses: ['127.0.0.1/8', '::1/128'],
};
export const CONTAINER_MAC = '02:42:ac:11:00:02';
export const CONTAINER2_MAC = '02:42:ac:11:00:03';
export const GATEWAY_MAC = '02:ee:00:00:00:01';

/** A Docker host: lo 1, eth0 2, docker0 3, its ports veth1 4 and veth2 5. */
export const DOCKER_HOST: HostSpec = {
  interfaces: [LOOPBACK, UPLINK, BRIDGE, PORT, PORT2],
  fdb: [
    [CONTAINER_MAC, 'veth1'],
    [CONTAINER2_MAC, 'veth2'],
  ],
  neighbours: [['eth0', GATEWAY_MAC]],
  flags: abi.IMAGE_CONNTRACK | abi.IMAGE_CONNTRACK_V6,
  sysctls: {
    [abi.SYSCTL_BRIDGE_CALL_IPTABLES]: 1,
    [abi.SYSCTL_BRIDGE_CALL_IP6TABLES]: 1,
    [abi.SYSCTL_IPFRAG_TIME]: 30,
    [abi.SYSCTL_IP6FRAG_TIME]: 60,
  },
};
export const LO = 1;
export const ETH0 = 2;
export const DOCKER0 = 3;
export const VETH1 = 4;
export const VETH2 = 5;

export function macBytes(mac: string): number[] {
  return mac.split(':').map((part) => Number.parseInt(part, 16));
}

/** 16 bytes of an address as the image has them: IPv4 in the first four. */
export function addressBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  if (!text.includes(':')) {
    bytes.set(text.split('.').map(Number));
    return bytes;
  }
  const [head = '', tail] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const all = [...front, ...Array<string>(8 - front.length - back.length).fill('0'), ...back];
  all.forEach((group, i) => {
    const value = Number.parseInt(group, 16);
    bytes[i * 2] = value >> 8;
    bytes[i * 2 + 1] = value & 255;
  });
  return bytes;
}

/** The image of a host without rules. */
export function buildImage(host: HostSpec): Uint8Array {
  const idOf = (name: string | undefined): number =>
    name === undefined ? 0 : host.interfaces.findIndex((i) => i.name === name) + 1;
  const masterOf = (name: string): number =>
    idOf(host.interfaces.find((i) => i.name === name)?.master);
  const addresses = host.interfaces.flatMap((i) =>
    (i.addresses ?? []).map((address) => ({ iface: idOf(i.name), address })),
  );
  const sections: { size: number; records: ((view: DataView, at: number) => void)[] }[] = [];
  for (let s = 0; s < abi.SECTION_COUNT; s++) sections.push({ size: 16, records: [] });
  const section = (
    number: number,
    size: number,
    records: ((view: DataView, at: number) => void)[],
  ): void => {
    sections[number] = { size, records };
  };
  const setBytes = (view: DataView, at: number, bytes: Iterable<number>): void => {
    let i = at;
    for (const byte of bytes) view.setUint8(i++, byte);
  };
  section(
    abi.SECTION_SYSCTL,
    4,
    Array.from({ length: abi.SYSCTL_COUNT }, (_, index) => (view: DataView, at: number) => {
      view.setUint32(at, host.sysctls?.[index] ?? 0, true);
    }),
  );
  section(
    abi.SECTION_IFACE,
    abi.IFACE_SIZE,
    host.interfaces.map((i) => (view: DataView, at: number) => {
      view.setUint32(at, i.ifindex ?? 0, true);
      view.setUint16(at + 4, i.kind, true);
      view.setUint16(at + 6, idOf(i.master), true);
      view.setUint32(at + 8, i.flags ?? 0, true);
      view.setUint16(at + 32, idOf(i.lower), true);
      view.setUint16(at + 34, i.vlan ?? 0, true);
      if (i.mac) setBytes(view, at + 16, macBytes(i.mac));
    }),
  );
  section(
    abi.SECTION_ADDRESS,
    abi.ADDRESS_SIZE,
    addresses.map(({ iface, address }) => (view: DataView, at: number) => {
      const [text = '', length = '0'] = address.split('/');
      view.setUint16(at, iface, true);
      view.setUint8(at + 2, text.includes(':') ? abi.FAMILY_V6 : abi.FAMILY_V4);
      view.setUint8(at + 3, Number(length));
      setBytes(view, at + 16, addressBytes(text));
    }),
  );
  section(
    abi.SECTION_FDB,
    abi.FDB_SIZE,
    (host.fdb ?? []).map(([mac, port]) => (view: DataView, at: number) => {
      view.setUint16(at, masterOf(port), true);
      view.setUint16(at + 2, idOf(port), true);
      setBytes(view, at + 4, macBytes(mac));
    }),
  );
  section(
    abi.SECTION_NEIGHBOUR,
    abi.NEIGHBOUR_SIZE,
    (host.neighbours ?? []).map(([iface, mac]) => (view: DataView, at: number) => {
      view.setUint16(at, idOf(iface), true);
      view.setUint8(at + 2, abi.FAMILY_V4);
      setBytes(view, at + 4, macBytes(mac));
    }),
  );
  const head = abi.IMAGE_HEADER_WORDS * 4 + abi.SECTION_COUNT * 8;
  const bytes = sections.reduce((sum, s) => sum + s.size * s.records.length, head + 64);
  const view = new DataView(new ArrayBuffer(bytes));
  view.setUint32(0, abi.ABI_MAGIC, true);
  view.setUint32(4, abi.ABI_VERSION, true);
  view.setUint32(8, bytes, true);
  view.setUint32(12, host.flags ?? 0, true);
  let at = head;
  sections.forEach(({ size, records }, number) => {
    view.setUint32(abi.IMAGE_HEADER_WORDS * 4 + number * 8, at, true);
    view.setUint32(abi.IMAGE_HEADER_WORDS * 4 + number * 8 + 4, records.length, true);
    for (const write of records) {
      write(view, at);
      at += size;
    }
  });
  return new Uint8Array(view.buffer);
}
