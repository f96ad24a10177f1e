import type { RuleContext } from '../extension.ts';
import { type Argument, type Extension, VALUE_OR_NOT } from '../extension.ts';
import { asNumber, listOf, oneOf, portRange, unsigned } from '../readers.ts';
import type { Invertible, PortMatch } from '../values.ts';
import { PORT_OPTIONS } from './tcp.ts';

/** -m dccp */
export interface DccpMatch {
  readonly kind: 'dccp';
  readonly srcPorts: PortMatch | null;
  readonly dstPorts: PortMatch | null;
  /** Bit n: packet type n (REQUEST 0 … SYNCACK 9; INVALID 10 stands for all from 10 on). */
  readonly types: ({ readonly mask: number } & Invertible) | null;
  readonly option: ({ readonly number: number } & Invertible) | null;
}

/** Position is the type's number (RFC 4340 section 5.1). */
const TYPES = [
  'REQUEST',
  'RESPONSE',
  'DATA',
  'ACK',
  'DATAACK',
  'CLOSEREQ',
  'CLOSE',
  'RESET',
  'SYNC',
  'SYNCACK',
  'INVALID',
] as const;

function typeMask(arg: Argument, context: RuleContext): { mask: number } {
  const names = listOf(oneOf(TYPES))(arg, context);
  return { mask: names.reduce((mask, name) => mask | (1 << TYPES.indexOf(name)), 0) };
}

export const dccpExtension: Extension<DccpMatch> = {
  name: 'dccp',
  protocols: [33],
  options: { ...PORT_OPTIONS, 'dccp-types': VALUE_OR_NOT, 'dccp-option': VALUE_OR_NOT },
  read: (options) => ({
    kind: 'dccp',
    srcPorts: options.inverted('sport', portRange),
    dstPorts: options.inverted('dport', portRange),
    types: options.inverted('dccp-types', typeMask),
    option: options.inverted('dccp-option', asNumber(unsigned(255, 1))),
  }),
};
