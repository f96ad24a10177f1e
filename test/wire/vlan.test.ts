/** Tagged frames: on the VLAN device of the interface, in its bridge, or nowhere. */
import { beforeAll, describe, expect, it } from 'vitest';
import * as abi from '../../assembly/abi.ts';
import { compileFront, Front } from './harness.ts';
import {
  BRIDGE,
  CONTAINER_MAC,
  DOCKER_HOST,
  DOCKER0,
  ETH0,
  GATEWAY_MAC,
  type HostSpec,
  macBytes,
  UPLINK,
  VETH1,
} from './image.ts';
import { be16, ethernet, ipv4, pcap, pcapng, udp } from './packets.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileFront();
});

const IN = abi.DIRECTION_IN;
const OUT = abi.DIRECTION_OUT;
const HOST = abi.PACKET_HOST;
const OTHER = abi.PACKET_OTHERHOST;
const OUTGOING = abi.PACKET_OUTGOING;
const OWN_MAC = '02:00:00:00:03:00';
const UP = { kind: abi.IFACE_UPLINK, flags: abi.IFACE_UP };

const VLAN_HOST: HostSpec = {
  ...DOCKER_HOST,
  interfaces: [
    ...DOCKER_HOST.interfaces,
    {
      ...UP,
      name: 'eth0.100',
      mac: UPLINK.mac ?? '',
      lower: 'eth0',
      vlan: 100,
      ifindex: 20,
      addresses: ['10.1.0.1/24'],
    },
    { ...UP, name: 'inner', mac: UPLINK.mac ?? '', lower: 'eth0.100', vlan: 200 },
    {
      ...UP,
      name: 'service',
      mac: UPLINK.mac ?? '',
      lower: 'eth0',
      vlan: 100 | abi.TAG_8021AD,
    },
    { ...UP, name: 'own', mac: OWN_MAC, lower: 'eth0', vlan: 300 },
    { ...UP, kind: abi.IFACE_PORT, name: 'port', master: 'docker0', lower: 'eth0', vlan: 500 },
    { ...UP, name: 'docker0.7', mac: BRIDGE.mac ?? '', lower: 'docker0', vlan: 7 },
    { ...UP, flags: 0, name: 'down', mac: UPLINK.mac ?? '', lower: 'eth0', vlan: 400 },
  ],
};
const [VLAN100, INNER, SERVICE, OWN, PORT500, BRIDGE7] = [6, 7, 8, 9, 10, 11];

const packet = ipv4({ src: '10.1.0.9', dst: '10.1.0.1', payload: udp(1, 2) });
type Tags = readonly (readonly [number, number])[];

/** Interface, direction, packet type and whether a tag is left, of the only frame. */
function place(file: Uint8Array, host = VLAN_HOST): unknown[] {
  const [frame] = new Front(module, host).decode(file).frames;
  if (!frame) throw new Error('no frame');
  expect(frame.dst).toBe('10.1.0.1');
  return [frame.iface, frame.direction, frame.pktType, (frame.flags & abi.FRAME_VLAN) !== 0];
}

const tags = (list: Tags): { tags: [number, number][] } => ({
  tags: list.map(([type, id]) => [type, id]),
});
const on = (name: string, list: Tags, dst = UPLINK.mac ?? '', src = GATEWAY_MAC, flags?: number) =>
  pcapng(
    [{ name }],
    [
      {
        data: ethernet(packet, { src, dst, ...tags(list) }),
        ...(flags === undefined ? {} : { flags }),
      },
    ],
  );

const Q = 0x8100;
const AD = 0x88a8;

describe('received on eth0', () => {
  it.each<[string, Tags, string, unknown[]]>([
    ['untagged', [], UPLINK.mac ?? '', [ETH0, IN, HOST, false]],
    ['of a VLAN device', [[Q, 100]], UPLINK.mac ?? '', [VLAN100, IN, HOST, false]],
    ['with a priority', [[Q, 0xe064]], UPLINK.mac ?? '', [VLAN100, IN, HOST, false]],
    ['with a priority only', [[Q, 0xe000]], UPLINK.mac ?? '', [ETH0, IN, HOST, false]],
    ['of a VLAN that the host has not', [[Q, 77]], UPLINK.mac ?? '', [ETH0, IN, OTHER, true]],
    ['of a device that is down', [[Q, 400]], UPLINK.mac ?? '', [ETH0, IN, OTHER, true]],
    ['of 802.1ad', [[AD, 100]], UPLINK.mac ?? '', [SERVICE, IN, HOST, false]],
    ['of the old QinQ type', [[0x9100, 100]], UPLINK.mac ?? '', [ETH0, IN, OTHER, true]],
    [
      'with two tags',
      [
        [Q, 100],
        [Q, 200],
      ],
      UPLINK.mac ?? '',
      [INNER, IN, HOST, false],
    ],
    [
      'with two, the inner unknown',
      [
        [Q, 100],
        [Q, 7],
      ],
      UPLINK.mac ?? '',
      [VLAN100, IN, OTHER, true],
    ],
    [
      'with a priority outside',
      [
        [AD, 0],
        [Q, 100],
      ],
      UPLINK.mac ?? '',
      [VLAN100, IN, HOST, false],
    ],
    [
      'with a priority inside',
      [
        [Q, 100],
        [Q, 0],
      ],
      UPLINK.mac ?? '',
      [VLAN100, IN, HOST, false],
    ],
    ["for the device's own MAC", [[Q, 300]], OWN_MAC, [OWN, IN, HOST, false]],
    [
      "for eth0's MAC, the device's is another",
      [[Q, 300]],
      UPLINK.mac ?? '',
      [OWN, IN, HOST, false],
    ],
    ["for another device's MAC", [[Q, 100]], OWN_MAC, [VLAN100, IN, OTHER, false]],
    ['for all', [[Q, 100]], 'ff:ff:ff:ff:ff:ff', [VLAN100, IN, abi.PACKET_BROADCAST, false]],
    ['of a device in a bridge', [[Q, 500]], BRIDGE.mac ?? '', [PORT500, IN, OTHER, false]],
  ])('%s', (_, list, dst, expected) => {
    expect(place(on('eth0', list, dst))).toEqual(expected);
    expect(place(on('eth0', list, dst, GATEWAY_MAC, 1))).toEqual(expected);
  });
});

describe('sent by eth0', () => {
  it.each<[string, Tags, string, unknown[]]>([
    ['by a VLAN device', [[Q, 100]], UPLINK.mac ?? '', [VLAN100, OUT, OUTGOING, false]],
    ['by one with a MAC of its own', [[Q, 300]], OWN_MAC, [OWN, OUT, OUTGOING, false]],
    ['by none', [[Q, 77]], UPLINK.mac ?? '', [0, OUT, OUTGOING, true]],
  ])('%s', (_, list, src, expected) => {
    expect(place(on('eth0', list, GATEWAY_MAC, src))).toEqual(expected);
    expect(place(on('eth0', list, GATEWAY_MAC, src, 2))).toEqual(expected);
  });
});

describe('without an interface name', () => {
  const bare = (list: Tags, dst = UPLINK.mac ?? '', src = GATEWAY_MAC) =>
    pcap([ethernet(packet, { src, dst, ...tags(list) })]);

  it('by MAC addresses', () => {
    expect(place(bare([[Q, 100]]))).toEqual([VLAN100, IN, HOST, false]);
    expect(place(bare([[Q, 100]], GATEWAY_MAC, UPLINK.mac))).toEqual([
      VLAN100,
      OUT,
      OUTGOING,
      false,
    ]);
    expect(place(bare([[Q, 300]], OWN_MAC))).toEqual([OWN, IN, HOST, false]);
    expect(place(bare([[Q, 77]]))).toEqual([ETH0, IN, OTHER, true]);
  });

  it('by the tag, where addresses must do', () => {
    const strangers = ['02:99:00:00:00:01', '02:99:00:00:00:02'] as const;
    expect(place(bare([[Q, 100]], ...strangers))).toEqual([VLAN100, IN, HOST, false]);
    expect(place(bare([[Q, 77]], ...strangers))).toEqual([VLAN100, IN, OTHER, true]);
  });

  it('Linux cooked', () => {
    const mac = macBytes(GATEWAY_MAC);
    const tagged = [...be16(100), ...be16(0x0800), ...packet];
    const sll = [...be16(0), ...be16(1), 0, 6, ...mac, 0, 0, ...be16(Q), ...tagged];
    expect(place(pcap([sll], { linkType: 113 }))).toEqual([VLAN100, IN, HOST, false]);
    const sll2 = (ifindex: number, type: number, rest: number[]) => [
      ...[...be16(type), 0, 0, 0, 0, 0, ifindex, 0, 1, 0, 6, ...mac, 0, 0],
      ...rest,
    ];
    const file = (frame: number[]) => pcap([frame], { linkType: 276 });
    expect(place(file(sll2(2, Q, tagged)))).toEqual([VLAN100, IN, HOST, false]);
    expect(place(file(sll2(20, 0x0800, [...packet])))).toEqual([VLAN100, IN, HOST, false]);
  });
});

describe('a bridge', () => {
  it('takes tagged frames of its ports as they are', () => {
    const frame = on('veth1', [[Q, 7]], BRIDGE.mac ?? '', CONTAINER_MAC);
    expect(place(frame)).toEqual([VETH1, IN, HOST, true]);
    const priority = on('veth1', [[Q, 0]], BRIDGE.mac ?? '', CONTAINER_MAC);
    expect(place(priority)).toEqual([VETH1, IN, HOST, true]);
  });

  it('and itself may have VLAN devices', () => {
    const frame = on('docker0', [[Q, 7]], BRIDGE.mac ?? '', CONTAINER_MAC);
    expect(place(frame)).toEqual([BRIDGE7, IN, HOST, false]);
    const other = on('docker0', [[Q, 8]], BRIDGE.mac ?? '', CONTAINER_MAC);
    expect(place(other)).toEqual([DOCKER0, IN, OTHER, true]);
  });
});
