import { type Extension, VALUE } from '../extension.ts';
import { oneOf } from '../readers.ts';

/** -j AUDIT */
export interface AuditTarget {
  readonly kind: 'AUDIT';
  readonly type: 'accept' | 'drop' | 'reject';
}

export const auditExtension: Extension<AuditTarget> = {
  name: 'AUDIT',
  options: { type: VALUE },
  read: (options) => ({
    kind: 'AUDIT',
    type: options.required('type', oneOf(['accept', 'drop', 'reject'])),
  }),
};
