import {
  type Argument,
  type Extension,
  type RuleContext,
  VALUE,
  VALUE_OR_NOT,
} from '../extension.ts';
import {
  addressMask,
  listOf,
  MAX_U32,
  oneOf,
  portRange,
  prefixOf,
  protocolCondition,
  unsignedRange,
} from '../readers.ts';
import type { AddressMatch, Invertible, PortMatch, RangeMatch } from '../values.ts';

export type CtState = 'INVALID' | 'NEW' | 'ESTABLISHED' | 'RELATED' | 'UNTRACKED' | 'SNAT' | 'DNAT';

export type CtStatus = 'NONE' | 'EXPECTED' | 'SEEN_REPLY' | 'ASSURED' | 'CONFIRMED';

export interface CtStates extends Invertible {
  readonly values: readonly CtState[];
}

export interface CtStatuses extends Invertible {
  readonly values: readonly CtStatus[];
}

/** -m conntrack: every condition that is not null must hold. */
export interface ConntrackMatch {
  readonly kind: 'conntrack';
  readonly states: CtStates | null;
  readonly statuses: CtStatuses | null;
  readonly proto: ({ readonly number: number } & Invertible) | null;
  readonly origSrc: AddressMatch | null;
  readonly origDst: AddressMatch | null;
  readonly replSrc: AddressMatch | null;
  readonly replDst: AddressMatch | null;
  readonly origSrcPorts: PortMatch | null;
  readonly origDstPorts: PortMatch | null;
  readonly replSrcPorts: PortMatch | null;
  readonly replDstPorts: PortMatch | null;
  /** Remaining lifetime in seconds. */
  readonly expire: RangeMatch | null;
  readonly direction: 'original' | 'reply' | null;
}

const STATES: readonly CtState[] = [
  'INVALID',
  'NEW',
  'ESTABLISHED',
  'RELATED',
  'UNTRACKED',
  'SNAT',
  'DNAT',
];

const STATUSES: readonly CtStatus[] = ['NONE', 'EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED'];

export function ctStates(arg: Argument, context: RuleContext): { values: CtState[] } {
  return { values: listOf(prefixOf(STATES))(arg, context) };
}

function ctStatuses(arg: Argument, context: RuleContext): { values: CtStatus[] } {
  return { values: listOf(prefixOf(STATUSES))(arg, context) };
}

export const conntrackExtension: Extension<ConntrackMatch> = {
  name: 'conntrack',
  options: {
    ctstate: VALUE_OR_NOT,
    ctproto: VALUE_OR_NOT,
    ctorigsrc: VALUE_OR_NOT,
    ctorigdst: VALUE_OR_NOT,
    ctreplsrc: VALUE_OR_NOT,
    ctrepldst: VALUE_OR_NOT,
    ctorigsrcport: VALUE_OR_NOT,
    ctorigdstport: VALUE_OR_NOT,
    ctreplsrcport: VALUE_OR_NOT,
    ctrepldstport: VALUE_OR_NOT,
    ctstatus: VALUE_OR_NOT,
    ctexpire: VALUE_OR_NOT,
    ctdir: VALUE,
  },
  read: (options) => {
    if (options.occurrences.length === 0) throw options.fault('at least one option is missing');
    return {
      kind: 'conntrack',
      states: options.inverted('ctstate', ctStates),
      statuses: options.inverted('ctstatus', ctStatuses),
      proto: options.inverted('ctproto', protocolCondition),
      origSrc: options.inverted('ctorigsrc', addressMask),
      origDst: options.inverted('ctorigdst', addressMask),
      replSrc: options.inverted('ctreplsrc', addressMask),
      replDst: options.inverted('ctrepldst', addressMask),
      origSrcPorts: options.inverted('ctorigsrcport', portRange),
      origDstPorts: options.inverted('ctorigdstport', portRange),
      replSrcPorts: options.inverted('ctreplsrcport', portRange),
      replDstPorts: options.inverted('ctrepldstport', portRange),
      expire: options.inverted('ctexpire', unsignedRange(MAX_U32)),
      direction: options.value('ctdir', oneOf(['original', 'reply']), null),
    };
  },
};
