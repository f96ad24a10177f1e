/** Captures and hosts of a run, made once and kept in .cache/bench. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from './settings.ts';
import {
  accessList,
  dockerRules,
  noRules,
  trackingRules,
  writeDockerHost,
} from './traffic/docker-host.ts';
import { type TrafficKind, writeDockerTraffic } from './traffic/docker-traffic.ts';

const CACHE = '.cache/bench';

/** Path of the capture. */
export function captureOf(kind: TrafficKind, settings: Settings): string {
  const { packets, connections, ports } = settings;
  mkdirSync(CACHE, { recursive: true });
  const path = join(CACHE, `${kind}-${packets}-${connections}-${ports}.pcapng`);
  if (!existsSync(path)) {
    const unfinished = `${path}.part`;
    writeDockerTraffic(unfinished, { kind, packets, connections, ports });
    renameSync(unfinished, path);
  }
  return path;
}

const RULES = {
  docker: dockerRules,
  'access-list': accessList,
  tracking: trackingRules,
  none: noRules,
};

/** Directory of the snapshot of a host with such rules. */
export function hostOf(rules: keyof typeof RULES, { ports }: Settings): string {
  const directory = join(CACHE, `${rules}-${ports}.host`);
  writeDockerHost(directory, RULES[rules](ports));
  return directory;
}
