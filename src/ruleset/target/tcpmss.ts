import { type Extension, FLAG, VALUE } from '../extension.ts';
import { u16 } from '../readers.ts';

/** -j TCPMSS */
export interface TcpmssTarget {
  readonly kind: 'TCPMSS';
  /** 'clamp': the path MTU less the headers. */
  readonly mss: number | 'clamp';
}

export const tcpmssTargetExtension: Extension<TcpmssTarget> = {
  name: 'TCPMSS',
  protocols: [6],
  options: { 'set-mss': VALUE, 'clamp-mss-to-pmtu': FLAG },
  read: (options) => {
    const given = options.needOneOf(['set-mss', 'clamp-mss-to-pmtu']);
    return { kind: 'TCPMSS', mss: given.id === 'set-mss' ? options.argument(given, u16) : 'clamp' };
  },
};
