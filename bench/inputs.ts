/** Captures, hosts and access lists of a run, made once and kept in .cache/bench. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from './settings.ts';
import { type AccessRule, APART, accessRules } from './traffic/access-rules.ts';
import { classBenchText, iptablesText } from './traffic/access-texts.ts';
import { accessTrace, type Headers, traceText } from './traffic/access-trace.ts';
import {
  accessList,
  dockerRules,
  noRules,
  trackingRules,
  writeDockerHost,
} from './traffic/docker-host.ts';
import { type DockerTraffic, writeDockerTraffic } from './traffic/docker-traffic.ts';
import { type FlowTraffic, writeFlowTraffic } from './traffic/flow-traffic.ts';

const CACHE = '.cache/bench';

/** Path of what `write` makes at the path it is given, once. */
export function kept(name: string, write: (path: string) => void): string {
  mkdirSync(CACHE, { recursive: true });
  const path = join(CACHE, name);
  if (existsSync(path)) return path;
  const unfinished = `${path}.part`;
  rmSync(unfinished, { recursive: true, force: true });
  write(unfinished);
  renameSync(unfinished, path);
  return path;
}

/** Path of the capture. */
export function captureOf(traffic: DockerTraffic): string {
  const { kind, packets, connections, ports } = traffic;
  const name = `${kind}-${packets}-${connections}-${ports}.pcapng`;
  return kept(name, (path) => writeDockerTraffic(path, traffic));
}

/** Path of the capture. */
export function flowCaptureOf(traffic: FlowTraffic): string {
  const { sizes, packets, flows } = traffic;
  return kept(`flows-${sizes}-${packets}-${flows}.pcap`, (path) => writeFlowTraffic(path, traffic));
}

/** Traffic for rows that are not about a number of ports or connections. */
export function usualTraffic(kind: DockerTraffic['kind'], settings: Settings): DockerTraffic {
  const { packets, usualConnections: connections, usualPorts: ports } = settings;
  return { kind, packets, connections, ports };
}

const RULES = {
  docker: dockerRules,
  'access-list': accessList,
  tracking: trackingRules,
  none: noRules,
};

/** Directory of the snapshot of a host with such rules. */
export function hostOf(rules: keyof typeof RULES, ports: number): string {
  return kept(`${rules}-${ports}.host`, (path) => writeDockerHost(path, RULES[rules](ports)));
}

/** Which rule the headers match: any, the first, the last, or none. */
export type AccessCase = 'unique' | 'first' | 'last' | 'miss';

/** An access list of `count` rules for such a case. */
export function accessRulesFor(which: AccessCase, count: number): AccessRule[] {
  if (which === 'first') return [APART, ...accessRules(count - 1)];
  return which === 'last' ? [...accessRules(count - 1), APART] : accessRules(count);
}

/** Directory of the snapshot of a host that forwards by such a list. */
export function accessHostOf(which: AccessCase, count: number): string {
  const list = which === 'miss' ? 'unique' : which;
  return kept(`access-${list}-${count}.host`, (path) =>
    writeDockerHost(path, iptablesText(accessRulesFor(which, count))),
  );
}

/** Headers for the list. */
export function accessHeadersOf(which: AccessCase, count: number, headers: number): Headers {
  const trace = which === 'unique' ? `unique-${count}` : 'apart';
  const path = kept(`access-${trace}-${headers}.headers`, (unfinished) => {
    const rules = which === 'unique' ? accessRules(count) : [APART];
    writeFileSync(unfinished, accessTrace(rules, headers, which === 'unique'));
  });
  const bytes = readFileSync(path);
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** Paths of the list and of its headers for dpdk-test-acl. */
export function classBenchOf(count: number, headers: number): { rules: string; trace: string } {
  return {
    rules: kept(`access-${count}.rules`, (path) =>
      writeFileSync(path, classBenchText(accessRules(count))),
    ),
    trace: kept(`access-${count}-${headers}.trace`, (path) =>
      writeFileSync(path, traceText(accessHeadersOf('unique', count, headers))),
    ),
  };
}
