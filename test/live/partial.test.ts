/**
 * Captures on one interface show a part of what the kernel counted. What goes by that interface has
 * to be right all the same, and the rest has to be named.
 */
import { fileURLToPath } from 'node:url';
import { compile, readHost, replay } from 'dockfw';
import { expect, test } from 'vitest';
import { compareCounters } from '../kernel/counters.ts';
import { replayCapture } from '../kernel/replay-capture.ts';
import { readLiveCase } from './live-case.ts';

const directory = fileURLToPath(new URL('partial/cases', import.meta.url));

interface Partial {
  readonly name: string;
  /** Rules that only packets on this interface meet; the beginnings of their lines. */
  readonly equal: readonly string[];
  readonly evidence: object;
}

const PARTIAL: readonly Partial[] = [
  {
    // Frames between containers are there as well: a bridge that is captured is promiscuous.
    name: 'docker20-bridge',
    equal: [
      '-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED',
      '-A FORWARD -i docker0',
      '-A POSTROUTING -s 172.17.0.0/16 ! -o docker0',
      '-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0',
      '-A DOCKER -d 172.17.0.3/32 ! -i docker0 -o docker0',
      '-A DOCKER ! -i docker0 -p tcp -m tcp --dport 700',
      '-A DOCKER-ISOLATION-STAGE-1 -i docker0',
    ],
    evidence: { different: 0, outputAmbiguous: 0, localDnatAmbiguous: 23, dnatUndone: 16 },
  },
  {
    name: 'docker20-uplink',
    equal: [
      '-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0',
      '-A DOCKER -d 172.17.0.3/32 ! -i docker0 -o docker0',
      '-A DOCKER -d 172.18.0.2/32 ! -i br-shop -o br-shop',
      '-A DOCKER ! -i docker0 -p udp',
      '-A DOCKER ! -i br-shop -p tcp',
    ],
    evidence: { different: 0, outputAmbiguous: 18, localDnatAmbiguous: 0, dnatUndone: 0 },
  },
];

test.each(PARTIAL)('$name', async ({ name, equal, evidence }) => {
  const { host, capture, counters } = readLiveCase(directory, name);
  const one = await replayCapture(host, capture, 1);
  const two = await replayCapture(host, capture, 2);
  expect(two).toEqual(one);
  const lines = counters.split('\n');
  for (const beginning of equal) expect(lines.join('\n')).toContain(beginning);
  const differing = compareCounters(counters, one.counters)
    .map(({ line }) => line.text)
    .filter((text) => equal.some((beginning) => text.startsWith(beginning)));
  expect(differing).toEqual([]);
  const result = await replay(compile(await readHost(host)), capture);
  expect(result.evidence).toMatchObject(evidence);
});
