import { type Argument, type Extension, VALUE } from '../extension.ts';
import { Fault } from '../fault.ts';
import type { Family } from '../values.ts';

/** -j REJECT; `with` is the full name, such as icmp-port-unreachable. */
export interface RejectTarget {
  readonly kind: 'REJECT';
  readonly with: string;
}

type RejectName = readonly [name: string, alias: string];

/** In the order in which iptables tries them: a beginning of a name or alias is enough. */
const NAMES_V4: readonly RejectName[] = [
  ['icmp-net-unreachable', 'net-unreach'],
  ['icmp-host-unreachable', 'host-unreach'],
  ['icmp-proto-unreachable', 'proto-unreach'],
  ['icmp-port-unreachable', 'port-unreach'],
  ['icmp-net-prohibited', 'net-prohib'],
  ['icmp-host-prohibited', 'host-prohib'],
  ['tcp-reset', 'tcp-rst'],
  ['icmp-admin-prohibited', 'admin-prohib'],
];

const NAMES_V6: readonly RejectName[] = [
  ['icmp6-no-route', 'no-route'],
  ['icmp6-adm-prohibited', 'adm-prohibited'],
  ['icmp6-addr-unreachable', 'addr-unreach'],
  ['icmp6-port-unreachable', 'port-unreach'],
  ['tcp-reset', 'tcp-reset'],
  ['icmp6-policy-fail', 'policy-fail'],
  ['icmp6-reject-route', 'reject-route'],
];

function rejectWith(names: readonly RejectName[]): (arg: Argument) => string {
  return (arg) => {
    const start = arg.text.toLowerCase();
    const found = names.find(([name, short]) => name.startsWith(start) || short.startsWith(start));
    if (found === undefined || start === '') {
      const known = names.map(([name]) => name).join(', ');
      throw new Fault(`expected ${known}, found "${arg.text}"`, arg.column);
    }
    return found[0];
  };
}

function reject(
  family: Family,
  names: readonly RejectName[],
  usual: string,
): Extension<RejectTarget> {
  return {
    name: 'REJECT',
    family,
    tables: ['filter'],
    options: { 'reject-with': VALUE },
    read: (options) => {
      const target: RejectTarget = {
        kind: 'REJECT',
        with: options.value('reject-with', rejectWith(names), usual),
      };
      if (target.with === 'tcp-reset' && options.context.proto !== 6) {
        throw options.fault('tcp-reset needs -p tcp');
      }
      return target;
    },
  };
}

export const rejectExtension = reject(4, NAMES_V4, 'icmp-port-unreachable');
export const reject6Extension = reject(6, NAMES_V6, 'icmp6-port-unreachable');
