import { type Extension, FLAG, VALUE } from '../extension.ts';
import { unsigned } from '../readers.ts';

/** -j ECN. */
export interface EcnTarget {
  readonly kind: 'ECN';
  /** Clear ECE and CWR of the TCP header. */
  readonly tcpRemove: boolean;
  /** New ECN field of the IP header, ECE and CWR bits of the TCP header; null: unchanged. */
  readonly ipEct: number | null;
  readonly tcpEce: number | null;
  readonly tcpCwr: number | null;
}

export const ecnTargetExtension: Extension<EcnTarget> = {
  name: 'ECN',
  family: 4,
  tables: ['mangle'],
  options: {
    'ecn-tcp-remove': FLAG,
    'ecn-tcp-cwr': VALUE,
    'ecn-tcp-ece': VALUE,
    'ecn-ip-ect': VALUE,
  },
  read: (options) => {
    if (options.occurrences.length === 0) throw options.fault('at least one option is missing');
    const target: EcnTarget = {
      kind: 'ECN',
      tcpRemove: options.has('ecn-tcp-remove'),
      ipEct: options.value('ecn-ip-ect', unsigned(3), null),
      tcpEce: options.value('ecn-tcp-ece', unsigned(1), null),
      tcpCwr: options.value('ecn-tcp-cwr', unsigned(1), null),
    };
    const onTcp = target.tcpRemove || target.tcpEce !== null || target.tcpCwr !== null;
    if (onTcp && options.context.proto !== 6) throw options.fault('TCP options need -p tcp');
    return target;
  },
};
