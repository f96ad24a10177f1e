import {
  type Extension,
  FLAG,
  type Occurrence,
  type OptionSpec,
  Options,
  VALUE,
} from '../extension.ts';
import { addressMask, asValue, oneOf, protocolCondition, u32 } from '../readers.ts';
import type { AddressMatch, Invertible } from '../values.ts';

/** One transformation of the policy; null fields are not compared. */
export interface PolicyElement {
  readonly reqid: ({ readonly value: number } & Invertible) | null;
  readonly spi: ({ readonly value: number } & Invertible) | null;
  readonly proto: ({ readonly number: number } & Invertible) | null;
  readonly mode: ({ readonly value: 'transport' | 'tunnel' } & Invertible) | null;
  readonly tunnelSrc: AddressMatch | null;
  readonly tunnelDst: AddressMatch | null;
}

/** -m policy (IPsec) */
export interface PolicyMatch {
  readonly kind: 'policy';
  readonly direction: 'in' | 'out';
  readonly policy: 'none' | 'ipsec';
  readonly strict: boolean;
  readonly elements: readonly PolicyElement[];
}

const PER_ELEMENT: OptionSpec = { args: 1, invert: true, multiple: true };
const MAX_ELEMENTS = 4; // XT_POLICY_MAX_ELEM

/** The options of each element: --next separates them. */
function perElement(occurrences: readonly Occurrence[]): Occurrence[][] {
  const elements: Occurrence[][] = [[]];
  for (const occurrence of occurrences) {
    if (occurrence.id === 'next') elements.push([]);
    else if (!['dir', 'pol', 'strict'].includes(occurrence.id)) elements.at(-1)?.push(occurrence);
  }
  return elements;
}

function element(options: Options): PolicyElement {
  const found: PolicyElement = {
    reqid: options.inverted('reqid', asValue(u32)),
    spi: options.inverted('spi', asValue(u32)),
    proto: options.inverted('proto', protocolCondition),
    mode: options.inverted('mode', (arg) => ({
      value: oneOf(['transport', 'tunnel'] as const)(arg),
    })),
    tunnelSrc: options.inverted('tunnel-src', addressMask),
    tunnelDst: options.inverted('tunnel-dst', addressMask),
  };
  const tunnel = found.mode !== null && found.mode.value === 'tunnel' && !found.mode.invert;
  if ((found.tunnelSrc !== null || found.tunnelDst !== null) && !tunnel) {
    throw options.fault('--tunnel-src and --tunnel-dst need --mode tunnel');
  }
  return found;
}

export const policyExtension: Extension<PolicyMatch> = {
  name: 'policy',
  options: {
    dir: VALUE,
    pol: VALUE,
    strict: FLAG,
    reqid: PER_ELEMENT,
    spi: PER_ELEMENT,
    'tunnel-src': PER_ELEMENT,
    'tunnel-dst': PER_ELEMENT,
    proto: PER_ELEMENT,
    mode: PER_ELEMENT,
    next: { args: 0, multiple: true },
  },
  read: (options) => {
    const groups = perElement(options.occurrences);
    if (groups.length > MAX_ELEMENTS) throw options.fault(`at most ${MAX_ELEMENTS} elements`);
    if (groups.length > 1 && !options.has('strict')) throw options.fault('--next needs --strict');
    if (options.has('strict') && groups.some((group) => group.length === 0)) {
      throw options.fault('--strict needs options for each element');
    }
    const column = options.need('dir').column;
    return {
      kind: 'policy',
      direction: options.required('dir', oneOf(['in', 'out'])),
      policy: options.required('pol', oneOf(['none', 'ipsec'])),
      strict: options.has('strict'),
      elements: groups
        .filter((group) => group.length > 0)
        .map((group) => element(new Options(options.context, group, column))),
    };
  },
};
