/** The whole program in a process of its own, next to what else reads captures. */
import { captureOf, flowCaptureOf, hostOf, usualTraffic } from './inputs.ts';
import { kernelContenders } from './peers/kernel.ts';
import { limit } from './peers/limit.ts';
import { tcpdump } from './peers/tcpdump.ts';
import { replayBytes, replayMillis } from './program.ts';
import type { Contender, Row } from './row.ts';
import type { Settings } from './settings.ts';
import type { DockerTraffic } from './traffic/docker-traffic.ts';

/** A capture, and on what host. */
interface Work {
  readonly packets: number;
  capture(): string;
  host(): string;
}

function dockerWork(traffic: DockerTraffic): Work {
  const host = () => hostOf('docker', traffic.ports);
  return { packets: traffic.packets, capture: () => captureOf(traffic), host };
}

function dockfw(workers: number, { packets, capture, host }: Work): Contender {
  return {
    who: workers === 1 ? 'dockfw' : `dockfw, ${workers} workers`,
    prepare: async () => {
      const replay = { capture: capture(), host: host(), workers };
      const bytes = await replayBytes(replay); // and the capture is in the page cache now
      return async () => ({ rate: (packets / (await replayMillis(replay))) * 1000, bytes });
    },
  };
}

function row(name: string, work: Work, { workers }: Settings, peers: readonly Contender[]): Row {
  return { name, contenders: [...workers.map((count) => dockfw(count, work)), ...peers] };
}

export function endToEndRows(settings: Settings): Row[] {
  return [
    ...portRows(settings),
    ...connectionRows(settings),
    ...flowRows(settings),
    ...settings.ports.map(startRow),
    ...settings.connections.map(memoryRow),
  ];
}

/** The same traffic to more and more published ports. */
function portRows(settings: Settings): Row[] {
  const kinds = ['steady', 'mixed', 'new'] as const;
  return kinds.flatMap((kind) =>
    settings.ports.map((ports) => {
      const traffic = { ...usualTraffic(kind, settings), ports };
      const work = dockerWork(traffic);
      const peers = kind === 'new' ? kernelContenders(ports) : readers(work, traffic.connections);
      return row(`end to end, ${kind}, ${ports} ports`, work, settings, peers);
    }),
  );
}

/** More and more connections; the last row opens as many as there are packets for, and no more. */
function connectionRows(settings: Settings): Row[] {
  const usual = usualTraffic('steady', settings);
  const steady = settings.connections.map((connections) => {
    const packets = Math.max(usual.packets, connections * 4);
    const traffic = { ...usual, packets, connections };
    const work = dockerWork(traffic);
    const name = `end to end, steady, ${connections} connections`;
    return row(name, work, settings, readers(work, connections));
  });
  const connections = Math.floor(usual.packets / 3);
  const opening = dockerWork({ ...usual, connections });
  const name = `end to end, handshakes, ${connections} connections`;
  return [...steady, row(name, opening, settings, readers(opening, connections))];
}

/** Traffic that is no concern of any container. */
function flowRows(settings: Settings): Row[] {
  const { packets, usualConnections: flows, usualPorts } = settings;
  return (['small', 'mixed'] as const).map((sizes) => {
    const capture = () => flowCaptureOf({ sizes, packets, flows });
    const work = { packets, capture, host: () => hostOf('docker', usualPorts) };
    const peers = [limit('limit', flows, capture), tcpdump(packets, capture)];
    return row(`end to end, strangers, ${sizes}`, work, settings, peers);
  });
}

/** What does something with every packet of the same capture, and of one with plain flows. */
function readers({ packets, capture }: Work, flows: number): Contender[] {
  const plain = () => flowCaptureOf({ sizes: 'small', packets, flows });
  return [
    limit('limit', flows, capture),
    limit('limit, plain flows', flows, plain),
    tcpdump(packets, capture),
  ];
}

/** From the start of the program to the end of a capture of one packet. */
function startRow(ports: number): Row {
  const work = dockerWork({ kind: 'new', packets: 1, connections: 1, ports });
  const contender = (who: string, cache: boolean): Contender => ({
    who,
    prepare: async () => {
      const replay = { capture: work.capture(), host: work.host(), workers: 1, cache };
      await replayMillis(replay);
      return async () => ({ startMillis: await replayMillis(replay) });
    },
  });
  const contenders = [contender('dockfw', true), contender('dockfw, new rules', false)];
  return { name: `start, ${ports} ports`, contenders };
}

/** What a process takes more for many connections than for few, over as many packets. */
function memoryRow(connections: number): Row {
  const few = Math.ceil(connections / 100);
  const replayOf = (count: number, settings: Settings) => {
    const packets = Math.max(settings.packets, connections * 3);
    const traffic = { ...usualTraffic('steady', settings), packets, connections: count };
    const work = dockerWork(traffic);
    return { capture: work.capture(), host: work.host(), workers: 1 };
  };
  const prepare = async (settings: Settings) => {
    const [more, less] = [replayOf(connections, settings), replayOf(few, settings)];
    return async () => {
      const bytes = await replayBytes(more);
      const bytesPerConnection = (bytes - (await replayBytes(less))) / (connections - few);
      return { bytes, bytesPerConnection };
    };
  };
  return { name: `memory, ${connections} connections`, contenders: [{ who: 'dockfw', prepare }] };
}
