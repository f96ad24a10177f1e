import type { Extension } from '../extension.ts';

/** -j ACCEPT, DROP, RETURN and QUEUE */
export interface VerdictTarget {
  readonly kind: 'ACCEPT' | 'DROP' | 'RETURN' | 'QUEUE';
}

function verdict(kind: VerdictTarget['kind']): Extension<VerdictTarget> {
  return { name: kind, options: {}, read: () => ({ kind }) };
}

export const verdictExtensions = (['ACCEPT', 'DROP', 'RETURN', 'QUEUE'] as const).map(verdict);
