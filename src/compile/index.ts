/** Hosts and rules, lowered to the image that the core takes. */

export { type CompileOptions, compile } from '../lower/image.ts';
export type { Compiled, CounterInfo } from './compiled.ts';
