/**
 * Traffic between strangers as pcap, which does not say where it was captured: flows in the middle
 * of their lives, four of five TCP, in both directions; sequence numbers mean nothing.
 *
 * `small`: frames of 64 to 100 bytes, any flow alike. `mixed`: frames of all sizes, and some flows
 * busier than others.
 */
import { bareLength, CaptureWriter } from './capture-writer.ts';
import { MIXED_SIZES, skewed } from './docker-traffic.ts';
import { TCP, UDP } from './protocols.ts';
import { Random } from './random.ts';

export interface FlowTraffic {
  readonly sizes: 'small' | 'mixed';
  readonly packets: number;
  readonly flows: number;
}

const SERVICES = [80, 80, 443, 443, 443, 8080, 53, 22];
const PSH_ACK = 0x18;
const TO_SERVER = 0;
const TO_CLIENT = 1;
const INTERFACES = [
  { name: 'out', header: Uint8Array.of(2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0) },
  { name: 'back', header: Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0) },
];

/** Writes the capture; the same options give the same bytes. */
export function writeFlowTraffic(path: string, { sizes, packets, flows }: FlowTraffic): void {
  const writer = new CaptureWriter(path, INTERFACES, 'pcap');
  const random = new Random();
  for (let i = 0; i < packets; i++) {
    const n = sizes === 'mixed' ? skewed(random, flows) : random.between(0, flows - 1);
    const { client, server, proto } = flow(n);
    const length = sizes === 'mixed' ? random.weighted(MIXED_SIZES) : random.between(64, 100);
    const isAnswer = random.real() < 0.5;
    const [src, dst] = isAnswer ? [server, client] : [client, server];
    writer.packet({
      from: isAnswer ? TO_CLIENT : TO_SERVER,
      ...{ src: src.address, sport: src.port, dst: dst.address, dport: dst.port, proto },
      ...{ seq: i, ack: i >>> 1, flags: PSH_ACK, payload: length - bareLength(proto) },
    });
  }
  writer.close();
}

/** The ends of flow number `n`: 10.x.y.z, 16 flows each, and something in 192.168.0.0/16. */
function flow(n: number) {
  const random = new Random(n + 1);
  random.word();
  return {
    client: {
      address: 0x0a000000 + (Math.floor(n / 16) & 0xffffff),
      port: 1024 + (n % 16) * 4001 + random.between(0, 3999),
    },
    server: { address: 0xc0a80000 + random.between(0, 65_535), port: random.choice(SERVICES) },
    proto: random.real() < 0.8 ? TCP : UDP,
  };
}
