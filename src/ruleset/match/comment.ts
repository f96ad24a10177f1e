import { type Extension, VALUE } from '../extension.ts';
import { shortText } from '../readers.ts';

/** -m comment: always matches. */
export interface CommentMatch {
  readonly kind: 'comment';
  readonly text: string;
}

export const commentExtension: Extension<CommentMatch> = {
  name: 'comment',
  options: { comment: VALUE },
  read: (options) => ({ kind: 'comment', text: options.required('comment', shortText(255)) }),
};
