import { type Argument, type Extension, VALUE } from '../extension.ts';
import { namedIn } from '../named-in.ts';
import { listOf, unsigned } from '../readers.ts';

/** -j TCPOPTSTRIP */
export interface TcpoptstripTarget {
  readonly kind: 'TCPOPTSTRIP';
  /** TCP option kinds. */
  readonly options: readonly number[];
}

const NAMES: Readonly<Record<string, number>> = {
  mss: 2,
  wscale: 3,
  'sack-permitted': 4,
  sack: 5,
  timestamp: 8,
  md5: 19,
};

function tcpOption(arg: Argument): number {
  return namedIn(NAMES, arg.text) ?? unsigned(255, 2)(arg);
}

export const tcpoptstripExtension: Extension<TcpoptstripTarget> = {
  name: 'TCPOPTSTRIP',
  tables: ['mangle'],
  protocols: [6],
  options: { 'strip-options': VALUE },
  read: (options) => ({
    kind: 'TCPOPTSTRIP',
    options: options.value('strip-options', listOf(tcpOption), []),
  }),
};
