import { type Extension, VALUE, VALUE_OR_NOT } from '../extension.ts';
import { shortText, unsigned } from '../readers.ts';
import type { Invertible } from '../values.ts';

/** -m osf */
export interface OsfMatch extends Invertible {
  readonly kind: 'osf';
  readonly genre: string;
  /** 0 true, 1 less, 2 no TTL check. */
  readonly ttl: number | null;
  readonly log: number | null;
}

export const osfExtension: Extension<OsfMatch> = {
  name: 'osf',
  family: 4,
  protocols: [6],
  options: { genre: VALUE_OR_NOT, ttl: VALUE, log: VALUE },
  read: (options) => ({
    kind: 'osf',
    genre: options.required('genre', shortText(31, 1)),
    ttl: options.value('ttl', unsigned(2), null),
    log: options.value('log', unsigned(2), null),
    invert: options.need('genre').invert,
  }),
};
