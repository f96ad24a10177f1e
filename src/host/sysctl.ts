/**
 * sysctl.txt: lines `net.… = value`, and the kernel's defaults for what it does not list.
 *
 * How a setting of one interface combines with `all` differs by setting: include/linux/inetdevice.h
 * (IN_DEV_MAXCONF, IN_DEV_ORCONF, IN_DEV_ANDCONF) and, for IPv6 forwarding, net/ipv6/ip6_output.c.
 */
import type { InterfaceSettings } from './host.ts';
import type { Notes, SourceText } from './notes.ts';
import { SYSCTL_DEFAULTS } from './sysctl-defaults.ts';

/** Per-interface settings that dockfw looks at. */
const INTERFACE_SETTING =
  /^net\.ipv(4|6)\.conf\.(.+)\.(forwarding|rp_filter|route_localnet|accept_local|src_valid_mark|bc_forwarding|drop_unicast_in_l2_multicast|disable_ipv6|force_forwarding)$/;

/** Without it no interface takes source routes, whatever its own setting is. */
const ACCEPT_SOURCE_ROUTE = 'net.ipv4.conf.all.accept_source_route';

const DEFAULT_TEXT =
  'forwarding 1, rp_filter 0, bridge-nf-call 1, disable_ipv6 0, conntrack as the kernel defaults';

export class Sysctls {
  /** As listed: only keys that dockfw looks at. */
  private readonly listed = new Map<string, number>();
  /** Values of `sysctls` that do not come from the file but from what else it lists. */
  private readonly derived = new Map<string, number>();

  get empty(): boolean {
    return this.listed.size === 0;
  }

  set(key: string, value: number): void {
    this.listed.set(key, value);
  }

  derive(key: string, value: number): void {
    this.derived.set(key, value);
  }

  has(key: string): boolean {
    return this.listed.has(key);
  }

  /** Whether interfaces that are set so take packets with a source route. */
  get acceptsSourceRoutes(): boolean {
    return (this.listed.get(ACCEPT_SOURCE_ROUTE) ?? 0) !== 0;
  }

  /** Every setting of SYSCTL_DEFAULTS with its value. */
  global(): Map<string, number> {
    const known = (key: string) => this.listed.get(key) ?? this.derived.get(key);
    return new Map([...SYSCTL_DEFAULTS].map(([key, value]) => [key, known(key) ?? value]));
  }

  /** Names of interfaces that the listing has settings of. */
  interfaceNames(): string[] {
    const names = new Set<string>();
    for (const key of this.listed.keys()) {
      const name = INTERFACE_SETTING.exec(key)?.[2];
      if (name !== undefined && name !== 'all' && name !== 'default') names.add(name);
    }
    return [...names];
  }

  /** Whether any interface (or all, default) has a value for this setting. */
  listsInterfaceSetting(family: 4 | 6, setting: string): boolean {
    return [...this.listed.keys()].some((key) => {
      const found = INTERFACE_SETTING.exec(key);
      return found?.[1] === String(family) && found[3] === setting;
    });
  }

  private of(family: 4 | 6, name: string, setting: string): number | undefined {
    return this.listed.get(`net.ipv${family}.conf.${name}.${setting}`);
  }

  /** An interface's own value; one that is not listed has what new interfaces get. */
  private own(family: 4 | 6, name: string, setting: string): number | undefined {
    return this.of(family, name, setting) ?? this.of(family, 'default', setting);
  }

  private all(setting: string): number {
    return this.of(4, 'all', setting) ?? 0;
  }

  settings(name: string): InterfaceSettings {
    const own = (setting: string) => this.own(4, name, setting) ?? 0;
    const either = (setting: string) => (this.all(setting) | own(setting)) !== 0;
    const forwarding =
      this.own(4, name, 'forwarding') ??
      this.of(4, 'all', 'forwarding') ??
      this.listed.get('net.ipv4.ip_forward') ??
      1;
    const forwarding6 = this.of(6, 'all', 'forwarding') ?? this.own(6, name, 'forwarding') ?? 1;
    const force6 = this.own(6, name, 'force_forwarding') ?? 0;
    const disable6 = this.own(6, name, 'disable_ipv6') ?? this.of(6, 'all', 'disable_ipv6') ?? 0;
    return {
      forwardingV4: forwarding !== 0,
      forwardingV6: forwarding6 !== 0 || force6 !== 0,
      rpFilter: Math.max(this.all('rp_filter'), own('rp_filter')),
      routeLocalnet: either('route_localnet'),
      acceptLocal: either('accept_local'),
      srcValidMark: either('src_valid_mark'),
      bcForwarding: this.all('bc_forwarding') !== 0 && own('bc_forwarding') !== 0,
      dropUnicastInL2Multicast: either('drop_unicast_in_l2_multicast'),
      disableIpv6: disable6 !== 0,
    };
  }
}

/** `net/ipv4/conf/eth0.5/forwarding` and `net.ipv4.conf.eth0/5.forwarding` are the same key. */
function canonicalKey(key: string): string {
  const swapped = /^net\//.test(key)
    ? key.replace(/[./]/g, (char) => (char === '/' ? '.' : '/'))
    : key;
  const found = /^(net\.ipv[46]\.conf\.)(.+)(\.[^.]+)$/.exec(swapped);
  if (found === null) return swapped;
  const [, head = '', name = '', tail = ''] = found;
  return head + name.replaceAll('/', '.') + tail;
}

function isLookedAt(key: string): boolean {
  if (key === 'net.ipv4.ip_forward' || key === ACCEPT_SOURCE_ROUTE) return true;
  return SYSCTL_DEFAULTS.has(key) || INTERFACE_SETTING.test(key);
}

function parseLines(source: SourceText, sysctls: Sysctls): void {
  let offset = 0;
  for (const rawLine of source.text.split('\n')) {
    const line = rawLine.trimEnd();
    const start = offset;
    offset += rawLine.length + 1;
    // sysctl's own complaints may be in the file, when its standard error was
    if (line === '' || /^\s*[#;]/.test(line) || line.startsWith('sysctl: ')) continue;
    const found = /^\s*([^=\s]+)\s*=\s*(.*)$/.exec(line);
    if (found === null) {
      source.problem(start, 'expected a line "name = value"');
      continue;
    }
    const key = canonicalKey(found[1] ?? '');
    const value = found[2] ?? '';
    if (!isLookedAt(key)) continue;
    if (/^\d{1,10}$/.test(value) && Number(value) <= 0xffffffff) sysctls.set(key, Number(value));
    else source.problem(start + line.length - value.length, `${key} should be a whole number`);
  }
}

/**
 * Whether the listing is that of a host without br_netfilter: it has the settings of interfaces,
 * and would have net.bridge's too if the module were loaded.
 */
function lacksBridgeFilter(sysctls: Sysctls): boolean {
  const listsInterfaces =
    sysctls.has('net.ipv4.conf.all.forwarding') && sysctls.has('net.ipv4.conf.lo.forwarding');
  return listsInterfaces && !sysctls.has('net.bridge.bridge-nf-call-iptables');
}

function noteDefaults(sysctls: Sysctls, notes: Notes): void {
  const missing: string[] = [];
  const dccp = 'net.netfilter.nf_conntrack_dccp';
  for (const [key, value] of SYSCTL_DEFAULTS) {
    if (sysctls.has(key) || key.startsWith(dccp) || key.startsWith('net.bridge.')) continue;
    missing.push(`${key} = ${value}`);
  }
  if (!sysctls.listsInterfaceSetting(4, 'forwarding') && !sysctls.has('net.ipv4.ip_forward')) {
    missing.push('net.ipv4.conf.*.forwarding = 1');
  }
  if (!sysctls.listsInterfaceSetting(4, 'rp_filter')) missing.push('net.ipv4.conf.*.rp_filter = 0');
  if (!sysctls.listsInterfaceSetting(6, 'forwarding')) {
    missing.push('net.ipv6.conf.*.forwarding = 1');
  }
  if (!sysctls.listsInterfaceSetting(6, 'disable_ipv6')) {
    missing.push('net.ipv6.conf.*.disable_ipv6 = 0');
  }
  if (missing.length > 0) notes.assume('sysctl.txt', `not listed: ${missing.join(', ')}`);
}

/** Reads sysctl.txt; without one (undefined), or with nothing of use in it, all defaults. */
export function readSysctls(source: SourceText | undefined, notes: Notes): Sysctls {
  const sysctls = new Sysctls();
  if (source !== undefined) parseLines(source, sysctls);
  if (sysctls.empty) {
    source?.nothingFound('sysctl -a');
    notes.assume('sysctl.txt', DEFAULT_TEXT);
    return sysctls;
  }
  noteDefaults(sysctls, notes);
  if (sysctls.acceptsSourceRoutes) {
    const text = 'source routes are not followed: packets with one are taken to be refused';
    notes.assume('sysctl.txt', `${ACCEPT_SOURCE_ROUTE} is set: ${text}`);
  }
  if (lacksBridgeFilter(sysctls)) {
    sysctls.derive('net.bridge.bridge-nf-call-iptables', 0);
    sysctls.derive('net.bridge.bridge-nf-call-ip6tables', 0);
    const text = 'no net.bridge settings: br_netfilter is not loaded, bridged frames meet no rule';
    notes.assume('sysctl.txt', text);
  } else if (!sysctls.has('net.bridge.bridge-nf-call-iptables')) {
    notes.assume('sysctl.txt', 'not listed: net.bridge.bridge-nf-call-iptables = 1');
  }
  return sysctls;
}
