import { type Argument, type Extension, FLAG, VALUE } from '../extension.ts';
import { Fault } from '../fault.ts';
import { MAX_U16, u16, unsignedRange } from '../readers.ts';
import type { NumberRange } from '../values.ts';

/** -j NFQUEUE */
export interface NfqueueTarget {
  readonly kind: 'NFQUEUE';
  /** First queue; `count` queues are balanced over. */
  readonly queue: number;
  readonly count: number;
  /** Go on as ACCEPT where nobody listens. */
  readonly bypass: boolean;
  readonly cpuFanout: boolean;
}

function queueRange(arg: Argument): NumberRange {
  const range = unsignedRange(MAX_U16 - 1)(arg);
  if (range.min >= range.max) throw new Fault('expected a range of queues', arg.column);
  return range;
}

export const nfqueueExtension: Extension<NfqueueTarget> = {
  name: 'NFQUEUE',
  options: {
    'queue-num': VALUE,
    'queue-balance': VALUE,
    'queue-bypass': FLAG,
    'queue-cpu-fanout': FLAG,
  },
  read: (options) => {
    options.oneOf(['queue-num', 'queue-balance']);
    const balance = options.value('queue-balance', queueRange, null);
    if (options.has('queue-cpu-fanout') && balance === null) {
      throw options.fault('--queue-cpu-fanout needs --queue-balance');
    }
    return {
      kind: 'NFQUEUE',
      queue: balance?.min ?? options.value('queue-num', u16, 0),
      count: balance === null ? 1 : balance.max - balance.min + 1,
      bypass: options.has('queue-bypass'),
      cpuFanout: options.has('queue-cpu-fanout'),
    };
  },
};
