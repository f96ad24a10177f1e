/** A host of a few files, and what a replay says of frames on it. */
import { Readable } from 'node:stream';
import {
  type Compiled,
  compile,
  type HostOptions,
  type PacketRecord,
  readHost,
  replay,
} from '../../src/index.ts';

export const ETH0_MAC = '02:00:c0:a8:01:0a';

export const ETH0 = {
  ifindex: 2,
  ifname: 'eth0',
  flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
  mtu: 1500,
  link_type: 'ether',
  address: ETH0_MAC,
  addr_info: [
    { family: 'inet', local: '192.168.1.10', prefixlen: 24, scope: 'global' },
    { family: 'inet6', local: 'fd00::1', prefixlen: 64, scope: 'global' },
  ],
};

export async function smallHost(files: NonNullable<HostOptions['files']>): Promise<Compiled> {
  return compile(await readHost({ files }));
}

/** One record per frame. */
export async function replayed(host: Compiled, capture: Uint8Array): Promise<PacketRecord[]> {
  const packets: PacketRecord[] = [];
  const begin = () => {
    packets.length = 0;
  };
  const write = (records: readonly PacketRecord[]) => {
    packets.push(...records);
  };
  await replay(host, Readable.from([Buffer.from(capture)]), {
    workers: 1,
    packets: { begin, write },
  });
  return packets;
}
