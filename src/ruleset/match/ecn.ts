import { type Extension, FLAG_OR_NOT, VALUE_OR_NOT } from '../extension.ts';
import { asValue, unsigned } from '../readers.ts';
import type { Invertible } from '../values.ts';

/** -m ecn. true: asked, false: asked with `!`, null: not asked. */
export interface EcnMatch {
  readonly kind: 'ecn';
  readonly tcpEce: boolean | null;
  readonly tcpCwr: boolean | null;
  /** ECN field of the IP header, 0 … 3. */
  readonly ip: ({ readonly value: number } & Invertible) | null;
}

export const ecnExtension: Extension<EcnMatch> = {
  name: 'ecn',
  options: {
    'ecn-tcp-cwr': FLAG_OR_NOT,
    'ecn-tcp-ece': FLAG_OR_NOT,
    'ecn-ip-ect': VALUE_OR_NOT,
  },
  read: (options) => {
    if (options.occurrences.length === 0) throw options.fault('at least one option is missing');
    const match: EcnMatch = {
      kind: 'ecn',
      tcpCwr: options.asked('ecn-tcp-cwr'),
      tcpEce: options.asked('ecn-tcp-ece'),
      ip: options.inverted('ecn-ip-ect', asValue(unsigned(3))),
    };
    if ((match.tcpCwr !== null || match.tcpEce !== null) && options.context.proto !== 6) {
      throw options.fault('--ecn-tcp-cwr and --ecn-tcp-ece need -p tcp');
    }
    return match;
  },
};
