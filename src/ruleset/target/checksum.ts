/** -j CHECKSUM --checksum-fill */
export interface ChecksumTarget {
  readonly kind: 'CHECKSUM';
}
