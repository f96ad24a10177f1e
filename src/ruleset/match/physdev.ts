import type { InterfaceMatch } from '../values.ts';

/** -m physdev. The is… conditions: true asked, false asked with `!`, null not asked. */
export interface PhysdevMatch {
  readonly kind: 'physdev';
  readonly in: InterfaceMatch | null;
  readonly out: InterfaceMatch | null;
  readonly isIn: boolean | null;
  readonly isOut: boolean | null;
  readonly isBridged: boolean | null;
}
