/** Which interface, which direction, for whom: by what the capture says, MACs, --at, addresses. */
import { beforeAll, describe, expect, it } from 'vitest';
import * as abi from '../../assembly/abi.ts';
import { compileFront, Front } from './harness.ts';
import {
  BRIDGE,
  CONTAINER_MAC,
  CONTAINER2_MAC,
  DOCKER_HOST,
  DOCKER0,
  ETH0,
  GATEWAY_MAC,
  LO,
  macBytes,
  PORT,
  UPLINK,
  VETH1,
  VETH2,
} from './image.ts';
import { type Bytes, be16, ethernet, ipv4, pcap, pcapng, udp } from './packets.ts';

let module: WebAssembly.Module;
beforeAll(async () => {
  module = await compileFront();
});

const IN = abi.DIRECTION_IN;
const OUT = abi.DIRECTION_OUT;
const HOST = abi.PACKET_HOST;
const OTHER = abi.PACKET_OTHERHOST;
const OUTGOING = abi.PACKET_OUTGOING;
const GUESSED = abi.FRAME_NO_IFACE;
const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';
const STRANGER = '02:99:00:00:00:01';
const packet = ipv4({ payload: udp(1, 2) });

type At = readonly [iface: number, direction: number];

/** Interface, direction, packet type and FRAME_NO_IFACE of the only frame. */
function place(file: Uint8Array, at?: At): number[] {
  const front = new Front(module, DOCKER_HOST, at ? { at } : {});
  const [frame] = front.decode(file).frames;
  if (!frame) throw new Error('no frame');
  return [frame.iface, frame.direction, frame.pktType, frame.flags & GUESSED];
}

const named = (name: string, flags: number | undefined, src: string, dst: string): Uint8Array =>
  pcapng(
    [{ name }],
    [{ data: ethernet(packet, { src, dst }), ...(flags === undefined ? {} : { flags }) }],
  );

describe('pcapng names the interface', () => {
  it.each([
    // and the direction
    ['eth0', 1, GATEWAY_MAC, UPLINK.mac, ETH0, IN, HOST],
    ['eth0', 1, GATEWAY_MAC, STRANGER, ETH0, IN, OTHER],
    ['eth0', 1, GATEWAY_MAC, BROADCAST_MAC, ETH0, IN, abi.PACKET_BROADCAST],
    ['eth0', 1, GATEWAY_MAC, '01:00:5e:00:00:01', ETH0, IN, abi.PACKET_MULTICAST],
    ['eth0', 2, UPLINK.mac, GATEWAY_MAC, ETH0, OUT, OUTGOING],
    ['docker0', 2, CONTAINER_MAC, CONTAINER2_MAC, DOCKER0, OUT, OUTGOING],
    ['veth1', 1, CONTAINER_MAC, BRIDGE.mac, VETH1, IN, HOST],
    ['veth1', 1, CONTAINER_MAC, PORT.mac, VETH1, IN, HOST],
    ['veth1', 1, CONTAINER_MAC, CONTAINER2_MAC, VETH1, IN, OTHER],
    ['lo', 1, '00:00:00:00:00:00', '00:00:00:00:00:00', LO, IN, HOST],
    // and not the direction: whose MAC is the source?
    ['eth0', undefined, GATEWAY_MAC, UPLINK.mac, ETH0, IN, HOST],
    ['eth0', undefined, UPLINK.mac, GATEWAY_MAC, ETH0, OUT, OUTGOING],
    ['docker0', undefined, BRIDGE.mac, CONTAINER_MAC, DOCKER0, OUT, OUTGOING],
    ['docker0', undefined, CONTAINER_MAC, BRIDGE.mac, DOCKER0, IN, HOST],
    ['veth1', undefined, CONTAINER_MAC, CONTAINER2_MAC, VETH1, IN, OTHER],
    ['veth2', undefined, CONTAINER_MAC, CONTAINER2_MAC, VETH2, OUT, OUTGOING],
    ['veth1', undefined, BRIDGE.mac, CONTAINER_MAC, VETH1, OUT, OUTGOING],
    ['veth1', undefined, STRANGER, BRIDGE.mac, VETH1, IN, HOST],
    ['lo', undefined, '00:00:00:00:00:00', '00:00:00:00:00:00', LO, IN, HOST],
  ])('%s, flags %s, %s > %s', (name, flags, src = '', dst = '', iface, direction, type) => {
    expect(place(named(name, flags, src, dst))).toEqual([iface, direction, type, 0]);
  });

  it('a name that the host does not have counts for nothing', () => {
    expect(place(named('eth7', 1, GATEWAY_MAC, UPLINK.mac ?? ''))).toEqual([ETH0, IN, HOST, 0]);
  });
});

describe('MAC addresses alone', () => {
  it.each([
    ['of an interface as source', UPLINK.mac, GATEWAY_MAC, ETH0, OUT, OUTGOING],
    ['of an interface as destination', STRANGER, UPLINK.mac, ETH0, IN, HOST],
    ['of a container, for its gateway', CONTAINER_MAC, BRIDGE.mac, DOCKER0, IN, HOST],
    ['of two containers', CONTAINER_MAC, CONTAINER2_MAC, VETH1, IN, OTHER],
    ['of a neighbour, for everybody', GATEWAY_MAC, BROADCAST_MAC, ETH0, IN, abi.PACKET_BROADCAST],
  ])('%s', (_, src = '', dst = '', iface, direction, type) => {
    expect(place(pcap([ethernet(packet, { src, dst })]))).toEqual([iface, direction, type, 0]);
  });
});

describe('--at', () => {
  const strange = pcap([ethernet(packet, { src: STRANGER, dst: '02:99:00:00:00:02' })]);

  it('places what nothing else places', () => {
    expect(place(strange, [DOCKER0, IN])).toEqual([DOCKER0, IN, HOST, 0]);
    expect(place(strange, [DOCKER0, OUT])).toEqual([DOCKER0, OUT, OUTGOING, 0]);
    expect(place(strange, [DOCKER0, 0])).toEqual([DOCKER0, IN, HOST, 0]);
  });

  it('does not move what MACs place', () => {
    const known = pcap([ethernet(packet, { src: UPLINK.mac ?? '', dst: GATEWAY_MAC })]);
    expect(place(known, [DOCKER0, IN])).toEqual([ETH0, OUT, OUTGOING, 0]);
  });

  it('places raw IP; without a direction, addresses tell it', () => {
    const raw = (src: string, dst: string) =>
      pcap([ipv4({ src, dst, payload: udp(1, 2) })], { linkType: 101 });
    expect(place(raw('8.8.8.8', '9.9.9.9'), [ETH0, OUT])).toEqual([ETH0, OUT, OUTGOING, 0]);
    expect(place(raw('192.168.1.10', '9.9.9.9'), [ETH0, 0])).toEqual([ETH0, OUT, OUTGOING, 0]);
    expect(place(raw('9.9.9.9', '192.168.1.10'), [ETH0, 0])).toEqual([ETH0, IN, HOST, 0]);
    expect(place(raw('9.9.9.9', '172.17.0.2'), [DOCKER0, 0])).toEqual([DOCKER0, OUT, OUTGOING, 0]);
    expect(place(raw('172.17.0.2', '9.9.9.9'), [DOCKER0, 0])).toEqual([DOCKER0, IN, HOST, 0]);
  });
});

describe('addresses', () => {
  it.each([
    ['from outside to a container', '8.8.8.8', '172.17.0.2', ETH0, IN, HOST],
    ['from a container', '172.17.0.2', '8.8.8.8', DOCKER0, IN, HOST],
    ['sent by the host', '192.168.1.10', '172.17.0.2', DOCKER0, OUT, OUTGOING],
    ['sent by the host to anywhere', '192.168.1.10', '8.8.8.8', ETH0, OUT, OUTGOING],
    ['from the host to itself', '127.0.0.1', '127.0.0.1', LO, IN, HOST],
    ['for everybody', '192.168.1.77', '255.255.255.255', ETH0, IN, abi.PACKET_BROADCAST],
  ])('%s', (_, src, dst, iface, direction, type) => {
    const data = ipv4({ src, dst, payload: udp(1, 2) });
    const guess = [iface, direction, type, GUESSED];
    expect(place(pcap([data], { linkType: 101 }))).toEqual(guess);
    const strange = ethernet(data, { src: STRANGER, dst: '02:99:00:00:00:02' });
    expect(place(pcap([strange]))).toEqual(guess);
  });
});

describe('Linux cooked', () => {
  const IPV4 = be16(0x0800);
  const sll = (type: number, mac: string, data: Bytes = packet, arphrd = 1): Uint8Array =>
    pcap([[...be16(type), ...be16(arphrd), 0, 6, ...macBytes(mac), 0, 0, ...IPV4, ...data]], {
      linkType: 113,
    });
  const sll2 = (type: number, ifindex: number, mac = STRANGER, data: Bytes = packet): Uint8Array =>
    pcap([[...IPV4, 0, 0, 0, 0, 0, ifindex, 0, 1, type, 6, ...macBytes(mac), 0, 0, ...data]], {
      linkType: 276,
    });

  it.each([
    [0, 2, ETH0, IN, HOST],
    [1, 3, DOCKER0, IN, abi.PACKET_BROADCAST],
    [2, 3, DOCKER0, IN, abi.PACKET_MULTICAST],
    [3, 5, VETH1, IN, OTHER],
    [4, 7, VETH2, OUT, OUTGOING],
    [0, 1, LO, IN, HOST],
  ])('version 2: type %i on index %i', (type, ifindex, iface, direction, pktType) => {
    expect(place(sll2(type, ifindex))).toEqual([iface, direction, pktType, 0]);
  });

  it.each([
    ['received from a neighbour', 0, GATEWAY_MAC, ETH0, IN],
    ['from a container, on its port', 3, CONTAINER_MAC, VETH1, IN],
    ['the same, on the bridge', 0, CONTAINER_MAC, DOCKER0, IN],
    ['sent by an interface', 4, UPLINK.mac ?? '', ETH0, OUT],
  ])('version 1: %s', (_, type, mac, iface, direction) => {
    expect(place(sll(type, mac))).toEqual([iface, direction, type, 0]);
    // and version 2 with an index that the host does not have
    expect(place(sll2(type, 99, mac))).toEqual([iface, direction, type, 0]);
  });

  it('version 1: loopback by the kind of device', () => {
    expect(place(sll(0, '00:00:00:00:00:00', packet, 772))).toEqual([LO, IN, HOST, 0]);
  });

  it('version 1: else by address, in the direction that is known', () => {
    const from = ipv4({ src: '172.17.0.9', dst: '8.8.8.8', payload: udp(1, 2) });
    expect(place(sll(0, STRANGER, from))).toEqual([DOCKER0, IN, HOST, GUESSED]);
    expect(place(sll(4, STRANGER, from))).toEqual([ETH0, OUT, OUTGOING, GUESSED]);
  });
});

describe('learning', () => {
  const mac = macBytes(STRANGER).reduce(
    (sum, byte, i) => sum + BigInt(byte) * 256n ** BigInt(i),
    0n,
  );

  it('the bridge learns sources that come in on its ports', () => {
    const front = new Front(module, DOCKER_HOST);
    front.decode(named('veth2', 1, STRANGER, BROADCAST_MAC));
    expect(front.core.portOf(DOCKER0, mac)).toBe(VETH2);
  });

  it('and none that leave by them', () => {
    const front = new Front(module, DOCKER_HOST);
    front.decode(named('veth2', 2, STRANGER, BROADCAST_MAC));
    expect(front.core.portOf(DOCKER0, mac)).toBe(0);
  });
});

it('a host without MAC addresses takes every frame for its own', () => {
  const interfaces = [{ name: 'eth0', kind: abi.IFACE_UPLINK, addresses: ['10.0.0.1/8'] }];
  const file = pcapng([{ name: 'eth0' }], [{ data: ethernet(packet), flags: 1 }]);
  const [frame] = new Front(module, { interfaces }).decode(file).frames;
  expect(frame).toMatchObject({ iface: 1, pktType: HOST });
});
