/**
 * Snapshots damaged file by file: whatever a file holds, readHost gives a host, says what is wrong
 * and where, or which default it used, and never throws.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeHost } from '../../src/compile/host/encode-host.ts';
import { type Host, readHost, SNAPSHOT_FILES, type SnapshotFile } from '../../src/host/index.ts';
import { type Files, loadFiles, SKIP_REASON, snapshots } from './data.ts';

/**
 * Files without which something is assumed (formats.md); ipset-save.txt only if a rule needs it.
 */
const ASSUMED_WITHOUT: readonly SnapshotFile[] = SNAPSHOT_FILES.filter(
  (name) => name !== 'ipset-save.txt' && name !== 'nft-ruleset.json',
);
/** An empty list of these says something, and so does an empty file. */
const JSON_FILES = SNAPSHOT_FILES.filter((name) => name.endsWith('.json'));

const GARBAGE = [
  'lorem ipsum dolor\n'.repeat(50),
  '\u0000\u0001\ufffd\u0007'.repeat(30),
  '}{',
  '<a/>',
];

async function read(files: Files): Promise<Host> {
  const host = await readHost({ files });
  expect(encodeHost(host)).toHaveLength(9); // whatever it is, it can be encoded
  return host;
}

const problemsOf = (host: Host, file: SnapshotFile) =>
  host.problems.filter((problem) => problem.file === file);

describe.skipIf(SKIP_REASON !== undefined).each(snapshots())('%s', (dir) => {
  const whole = loadFiles(dir);
  const present = SNAPSHOT_FILES.filter((name) => whole[name]?.trim());

  test.each(present)('without %s', async (name) => {
    const { [name]: _, ...files } = whole;
    const host = await read(files);
    expect(host.problems).toEqual([]);
    if (ASSUMED_WITHOUT.includes(name)) {
      expect(host.assumed.map(({ file }) => file)).toContain(name);
    }
  });

  test.each(present)('%s empty', async (name) => {
    const host = await read({ ...whole, [name]: '\n' });
    expect(host.problems).toEqual([]);
    if (ASSUMED_WITHOUT.includes(name)) {
      expect(host.assumed.map(({ file }) => file)).toContain(name);
    }
  });

  test.each(present)('%s cut in half', async (name) => {
    const text = whole[name] ?? '';
    const half = text.slice(0, text.length / 2);
    const host = await read({ ...whole, [name]: half });
    const problems = problemsOf(host, name);
    expect(host.problems).toHaveLength(problems.length);
    if (name.endsWith('.json')) {
      expect(problems).toHaveLength(1);
      expect(problems[0]?.line).toBeGreaterThan(0);
      expect(problems[0]?.message).toMatch(/expected|does not end/);
    }
    for (const problem of problems) expect(problem.line, problem.message).toBeDefined();
  });

  test.each(present)('%s replaced by garbage', async (name) => {
    for (const garbage of GARBAGE) {
      const host = await read({ ...whole, [name]: garbage });
      const problems = problemsOf(host, name);
      expect(problems.length, JSON.stringify(garbage)).toBeGreaterThan(0);
      expect(problems[0]?.line).toBe(1);
      expect(host.problems).toHaveLength(problems.length);
    }
  });

  test('interfaces before the cut are used as they are', async () => {
    const text = whole['ip-addr.json'] ?? '';
    const host = await read({ ...whole, 'ip-addr.json': text.slice(0, text.length / 2) });
    const complete = await read(whole);
    const described = host.interfaces.filter((iface) => !iface.placeholder);
    expect(described.length).toBeGreaterThan(1);
    for (const iface of described) {
      const same = complete.interfaces.find((other) => other.name === iface.name);
      expect(iface.addresses).toEqual(same?.addresses);
    }
    // what routes, forwarding entries and Docker know of the rest
    for (const { name, kind } of complete.interfaces) {
      expect(host.interfaces.find((iface) => iface.name === name)?.kind, name).toBe(kind);
    }
  });
});

describe('values of the wrong type', () => {
  const values: readonly unknown[] = [null, true, 7, -1, 1.5, 'x', '', [], {}, [null], [[{}]]];

  /** Every value of the document replaced in turn. */
  function* mutations(json: unknown): Generator<unknown> {
    if (Array.isArray(json)) {
      for (const [index, item] of json.entries()) {
        for (const other of [...values, ...mutations(item)]) yield json.with(index, other);
      }
    } else if (typeof json === 'object' && json !== null) {
      for (const [key, item] of Object.entries(json)) {
        for (const other of [...values, ...mutations(item)]) yield { ...json, [key]: other };
      }
    }
  }

  const documents: Partial<Record<SnapshotFile, unknown>> = {
    'ip-addr.json': [
      {
        ifindex: 2,
        ifname: 'eth0',
        flags: ['UP'],
        mtu: 1500,
        link_type: 'ether',
        address: '02:00:00:00:00:01',
        master: 'br0',
        linkinfo: { info_kind: 'veth', info_data: {}, info_slave_data: { hairpin: false } },
        addr_info: [{ family: 'inet', local: '10.0.0.1', prefixlen: 8, scope: 'global' }],
      },
    ],
    'ip-route.json': [{ type: 'local', dst: '10.0.0.1', dev: 'eth0', table: 'local', metric: 1 }],
    'ip-route6.json': [{ dst: 'fe80::/64', dev: 'eth0', nexthops: [{ dev: 'eth0', flags: [] }] }],
    'ip-rule.json': [{ priority: 9, src: '10.0.0.0', srclen: 8, fwmark: '0x1', table: 'main' }],
    'bridge-fdb.json': [{ mac: '02:00:00:00:00:01', ifname: 'a', master: 'br0', state: '' }],
    'docker-networks.json': [
      {
        Name: 'bridge',
        Id: 'abc',
        Driver: 'bridge',
        Internal: false,
        IPAM: { Config: [{ Subnet: '172.17.0.0/16', Gateway: '172.17.0.1' }] },
        Options: { 'com.docker.network.bridge.name': 'docker0' },
        Containers: { c: { Name: 'web', MacAddress: '', IPv4Address: '172.17.0.2/16' } },
      },
    ],
    'docker-containers.json': [
      {
        Id: 'c',
        Name: '/web',
        State: { Running: true },
        NetworkSettings: {
          Ports: { '80/tcp': [{ HostIp: '', HostPort: '80' }] },
          Networks: { bridge: { NetworkID: 'abc', IPAddress: '172.17.0.2', IPPrefixLen: 16 } },
        },
      },
    ],
    'docker-version.json': { Server: { Version: '29', KernelVersion: '6.18' } },
    'nft-ruleset.json': { nftables: [{ table: { family: 'ip', name: 'x' } }, { rule: {} }] },
  };

  test('every JSON file of the snapshot has a document here', () => {
    expect(Object.keys(documents).sort()).toEqual([...JSON_FILES].sort());
  });

  test.each(JSON_FILES)('%s', async (name) => {
    const document = documents[name];
    await expect(read({ [name]: JSON.stringify(document) })).resolves.toMatchObject({
      problems: [],
    });
    for (const mutant of mutations(document)) {
      const text = JSON.stringify(mutant);
      const host = await read({ [name]: text });
      for (const problem of host.problems) {
        expect(problem, text).toMatchObject({ file: name, line: 1 });
      }
    }
  });
});

describe('any text', () => {
  test.each(SNAPSHOT_FILES)('%s', async (name) => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.json());
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        await read({ [name]: content });
      }),
      { numRuns: 100, seed: 20261121 },
    );
  });
});
