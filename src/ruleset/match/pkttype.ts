import { type Argument, type Extension, VALUE_OR_NOT } from '../extension.ts';
import { namedIn } from '../named-in.ts';
import { oneOf } from '../readers.ts';
import type { Invertible } from '../values.ts';

/** -m pkttype */
export interface PkttypeMatch extends Invertible {
  readonly kind: 'pkttype';
  readonly type: 'unicast' | 'broadcast' | 'multicast' | 'otherhost';
}

const ALIASES: Readonly<Record<string, PkttypeMatch['type']>> = {
  bcast: 'broadcast',
  mcast: 'multicast',
  host: 'unicast',
};

function packetType(arg: Argument): PkttypeMatch['type'] {
  const alias = namedIn(ALIASES, arg.text.toLowerCase());
  return alias ?? oneOf(['unicast', 'broadcast', 'multicast', 'otherhost'] as const)(arg);
}

export const pkttypeExtension: Extension<PkttypeMatch> = {
  name: 'pkttype',
  options: { 'pkt-type': VALUE_OR_NOT },
  read: (options) => ({
    kind: 'pkttype',
    type: options.required('pkt-type', packetType),
    invert: options.need('pkt-type').invert,
  }),
};
