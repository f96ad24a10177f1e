/** -m nfacct: counts in a named object, always matches. */
export interface NfacctMatch {
  readonly kind: 'nfacct';
  readonly name: string;
}
