import type { Extension } from '../extension.ts';

/** -j TRACE */
export interface TraceTarget {
  readonly kind: 'TRACE';
}

export const traceExtension: Extension<TraceTarget> = {
  name: 'TRACE',
  tables: ['raw'],
  options: {},
  read: () => ({ kind: 'TRACE' }),
};
