import { type Argument, type Extension, FLAG, VALUE } from '../extension.ts';
import { shortText, u32 } from '../readers.ts';

/** -j LED */
export interface LedTarget {
  readonly kind: 'LED';
  readonly trigger: string;
  /** Milliseconds; 'inf': until switched off. */
  readonly delay: number | 'inf';
  readonly alwaysBlink: boolean;
}

function delay(arg: Argument): LedTarget['delay'] {
  return arg.text.toLowerCase().startsWith('inf') ? 'inf' : u32(arg);
}

export const ledExtension: Extension<LedTarget> = {
  name: 'LED',
  options: { 'led-trigger-id': VALUE, 'led-delay': VALUE, 'led-always-blink': FLAG },
  read: (options) => ({
    kind: 'LED',
    trigger: options.required('led-trigger-id', shortText(17)),
    delay: options.value('led-delay', delay, 0),
    alwaysBlink: options.has('led-always-blink'),
  }),
};
