import { type Extension, VALUE } from '../extension.ts';
import { shortText } from '../readers.ts';

/** -m nfacct: counts in a named object, always matches. */
export interface NfacctMatch {
  readonly kind: 'nfacct';
  readonly name: string;
}

export const nfacctExtension: Extension<NfacctMatch> = {
  name: 'nfacct',
  options: { 'nfacct-name': VALUE },
  read: (options) => ({ kind: 'nfacct', name: options.required('nfacct-name', shortText(31, 1)) }),
};
