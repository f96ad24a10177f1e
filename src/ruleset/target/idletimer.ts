import { type Extension, FLAG, VALUE } from '../extension.ts';
import { MAX_U32, shortText, unsigned } from '../readers.ts';

/** -j IDLETIMER */
export interface IdletimerTarget {
  readonly kind: 'IDLETIMER';
  readonly label: string;
  readonly timeoutSec: number;
  readonly alarm: boolean;
}

export const idletimerExtension: Extension<IdletimerTarget> = {
  name: 'IDLETIMER',
  options: { timeout: VALUE, label: VALUE, alarm: FLAG },
  read: (options) => ({
    kind: 'IDLETIMER',
    label: options.required('label', shortText(27, 1)),
    timeoutSec: options.required('timeout', unsigned(MAX_U32, 1)),
    alarm: options.has('alarm'),
  }),
};
