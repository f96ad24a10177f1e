/** Access lists in the languages of those who evaluate them. */
import { type AccessRule, ANY_PORT, type Ports } from './access-rules.ts';
import { TCP, UDP } from './protocols.ts';

export function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

const isAny = ([low, high]: Ports): boolean => low === ANY_PORT[0] && high === ANY_PORT[1];

/** iptables-save: the rules in FORWARD of the filter table, policy DROP. */
export function iptablesText(rules: readonly AccessRule[]): string {
  const chains = [':INPUT ACCEPT [0:0]', ':FORWARD DROP [0:0]', ':OUTPUT ACCEPT [0:0]'];
  return ['*filter', ...chains, ...rules.map(iptablesRule), 'COMMIT', ''].join('\n');
}

function iptablesRule(rule: AccessRule): string {
  const { proto, accept } = rule;
  const words = ['-A FORWARD'];
  if (rule.srcLen > 0) words.push(`-s ${dotted(rule.src)}/${rule.srcLen}`);
  if (rule.dstLen > 0) words.push(`-d ${dotted(rule.dst)}/${rule.dstLen}`);
  const name = proto === TCP ? 'tcp' : proto === UDP ? 'udp' : `${proto}`;
  if (proto !== 0) words.push(`-p ${name}`);
  if (!isAny(rule.sport) || !isAny(rule.dport)) words.push(`-m ${name}`);
  if (!isAny(rule.sport)) words.push(`--sport ${rule.sport.join(':')}`);
  if (!isAny(rule.dport)) words.push(`--dport ${rule.dport.join(':')}`);
  words.push(`-j ${accept ? 'ACCEPT' : 'DROP'}`);
  return words.join(' ');
}

/** ClassBench: what DPDK's dpdk-test-acl reads. It knows no actions: it names the rule. */
export function classBenchText(rules: readonly AccessRule[]): string {
  const line = (rule: AccessRule): string => {
    const { src, srcLen, dst, dstLen, sport, dport, proto } = rule;
    const protoText = `0x${hex(proto)}/0x${proto === 0 ? '00' : 'ff'}`;
    const addresses = `@${dotted(src)}/${srcLen} ${dotted(dst)}/${dstLen}`;
    return `${addresses} ${sport.join(' : ')} ${dport.join(' : ')} ${protoText}\n`;
  };
  return rules.map(line).join('');
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
