import { type Argument, type Extension, FLAG, type Options, VALUE } from '../extension.ts';
import { listOf, oneOf, shortText, u16 } from '../readers.ts';

/** A conntrack zone, of packets in one direction or in both. */
export interface CtZone {
  readonly direction: 'original' | 'reply' | 'both';
  /** 'mark': the packet's mark (--zone mark). */
  readonly id: number | 'mark';
}

/** -j CT; -j NOTRACK is CT with `notrack` alone. */
export interface CtTarget {
  readonly kind: 'CT';
  readonly notrack: boolean;
  readonly helper: string | null;
  readonly timeout: string | null;
  readonly events: readonly string[];
  readonly expectationEvents: readonly string[];
  readonly zone: CtZone | null;
}

const EVENTS = [
  'new',
  'related',
  'destroy',
  'reply',
  'assured',
  'protoinfo',
  'helper',
  'mark',
  'natseqinfo',
  'secmark',
] as const;

const ZONES = { zone: 'both', 'zone-orig': 'original', 'zone-reply': 'reply' } as const;

function zoneId(arg: Argument): CtZone['id'] {
  return arg.text.toLowerCase() === 'mark' ? 'mark' : u16(arg);
}

function zone(options: Options): CtZone | null {
  const given = options.oneOf(Object.keys(ZONES));
  if (given === undefined) return null;
  const direction = ZONES[given.id as keyof typeof ZONES];
  return { direction, id: options.argument(given, zoneId) };
}

export const ctExtension: Extension<CtTarget> = {
  name: 'CT',
  tables: ['raw'],
  options: {
    notrack: FLAG,
    helper: VALUE,
    timeout: VALUE,
    ctevents: VALUE,
    expevents: VALUE,
    'zone-orig': VALUE,
    'zone-reply': VALUE,
    zone: VALUE,
  },
  read: (options) => ({
    kind: 'CT',
    notrack: options.has('notrack'),
    helper: options.value('helper', shortText(15), null),
    timeout: options.value('timeout', shortText(31), null),
    events: options.value('ctevents', listOf(oneOf(EVENTS)), []),
    expectationEvents: options.value('expevents', listOf(oneOf(['new'])), []),
    zone: zone(options),
  }),
};

export const notrackExtension: Extension<CtTarget> = {
  name: 'NOTRACK',
  tables: ['raw'],
  options: {},
  read: () => ({
    kind: 'CT',
    notrack: true,
    helper: null,
    timeout: null,
    events: [],
    expectationEvents: [],
    zone: null,
  }),
};
