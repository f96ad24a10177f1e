import { type Argument, type Extension, VALUE } from '../extension.ts';
import { Fault } from '../fault.ts';

/** -j CLASSIFY */
export interface ClassifyTarget {
  readonly kind: 'CLASSIFY';
  /** major << 16 | minor */
  readonly priority: number;
}

/** `major:minor`, both hexadecimal. */
export function classId(arg: Argument): number {
  const parts = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(arg.text);
  if (parts === null) {
    throw new Fault(`expected major:minor in hexadecimal, found "${arg.text}"`, arg.column);
  }
  const [major, minor] = [parts[1] ?? '', parts[2] ?? ''].map((hex) => Number.parseInt(hex, 16));
  return Number(major) * 0x10000 + Number(minor);
}

export const classifyExtension: Extension<ClassifyTarget> = {
  name: 'CLASSIFY',
  options: { 'set-class': VALUE },
  read: (options) => ({ kind: 'CLASSIFY', priority: options.required('set-class', classId) }),
};
