import { expect, test } from 'vitest';
import { Notes, SourceText } from '../../src/host/notes.ts';
import { readSysctls } from '../../src/host/sysctl.ts';

function read(text: string | undefined) {
  const notes = new Notes();
  const source = text === undefined ? undefined : new SourceText('sysctl.txt', text, notes);
  return { sysctls: readSysctls(source, notes), notes };
}

test('without a file: what a Docker host has', () => {
  const { sysctls, notes } = read(undefined);
  expect(sysctls.settings('eth0')).toEqual({
    forwardingV4: true,
    forwardingV6: true,
    rpFilter: 0,
    routeLocalnet: false,
    acceptLocal: false,
    srcValidMark: false,
    bcForwarding: false,
    dropUnicastInL2Multicast: false,
    disableIpv6: false,
  });
  expect(sysctls.global().get('net.bridge.bridge-nf-call-iptables')).toBe(1);
  expect(sysctls.global().get('net.netfilter.nf_conntrack_tcp_timeout_established')).toBe(432000);
  expect(notes.assumed).toHaveLength(1);
  expect(notes.problems).toEqual([]);
});

test('`all` and the interface combine as each setting does', () => {
  const lines = (all: number, own: number) =>
    ['forwarding', 'rp_filter', 'route_localnet', 'bc_forwarding', 'accept_local']
      .flatMap((key) => [`net.ipv4.conf.all.${key} = ${all}`, `net.ipv4.conf.eth0.${key} = ${own}`])
      .join('\n');
  expect(read(lines(1, 0)).sysctls.settings('eth0')).toMatchObject({
    forwardingV4: false,
    rpFilter: 1,
    routeLocalnet: true,
    bcForwarding: false,
    acceptLocal: true,
  });
  expect(read(lines(0, 1)).sysctls.settings('eth0')).toMatchObject({
    forwardingV4: true,
    rpFilter: 1,
    routeLocalnet: true,
    bcForwarding: false,
    acceptLocal: true,
  });
  expect(read(lines(1, 2)).sysctls.settings('eth0')).toMatchObject({
    rpFilter: 2,
    bcForwarding: true,
  });
});

test('IPv6 forwards by `all`, or by force_forwarding of the interface', () => {
  const text = 'net.ipv6.conf.all.forwarding = 0\nnet.ipv6.conf.eth1.force_forwarding = 1\n';
  const { sysctls } = read(`${text}net.ipv6.conf.eth0.forwarding = 1`);
  expect(sysctls.settings('eth0').forwardingV6).toBe(false);
  expect(sysctls.settings('eth1').forwardingV6).toBe(true);
});

test('interfaces that are not listed have what new ones get', () => {
  const { sysctls } = read('net.ipv4.conf.default.forwarding = 0\nnet.ipv4.ip_forward = 1');
  expect(sysctls.settings('veth1').forwardingV4).toBe(false);
  expect(read('net.ipv4.ip_forward = 0').sysctls.settings('eth0').forwardingV4).toBe(false);
});

test('names with dots, in either notation', () => {
  const { sysctls } = read(
    'net.ipv4.conf.eth0/5.rp_filter = 1\nnet/ipv4/conf/eth0.6/rp_filter = 2',
  );
  expect(sysctls.settings('eth0.5').rpFilter).toBe(1);
  expect(sysctls.settings('eth0.6').rpFilter).toBe(2);
  expect(sysctls.interfaceNames()).toEqual(['eth0.5', 'eth0.6']);
});

test('a listing of all interfaces without net.bridge is of a host without br_netfilter', () => {
  const { sysctls, notes } = read(
    'net.ipv4.conf.all.forwarding = 1\nnet.ipv4.conf.lo.forwarding = 1',
  );
  expect(sysctls.global().get('net.bridge.bridge-nf-call-iptables')).toBe(0);
  expect(notes.assumed.at(-1)?.text).toContain('br_netfilter is not loaded');
});

test('that source routes are not followed is said where the host would', () => {
  const assumed = (all: number): boolean =>
    read(
      `net.ipv4.conf.all.accept_source_route = ${all}\n` +
        'net.ipv4.conf.eth0.accept_source_route = 1\nnet.ipv4.ip_forward = 1',
    ).notes.assumed.some(({ text }) => text.includes('source routes are not followed'));
  expect([assumed(0), assumed(1)]).toEqual([false, true]);
});

test('lines that cannot be read', () => {
  const { sysctls, notes } = read(
    'net.ipv4.ip_forward = 1\n' +
      'sysctl: permission denied on key "kernel.apparmor"\n' +
      'what is this\n' +
      'net.ipv4.conf.eth0.rp_filter = yes\n' +
      'kernel.version = #1 SMP\n',
  );
  expect(notes.problems.map(({ line, column, message }) => [line, column, message])).toEqual([
    [3, 1, 'expected a line "name = value"'],
    [4, 32, 'net.ipv4.conf.eth0.rp_filter should be a whole number'],
  ]);
  expect(sysctls.has('net.ipv4.ip_forward')).toBe(true);
});
