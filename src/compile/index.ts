/** Hosts and rules, lowered to the image that the core takes. */
export type { Compiled, CounterInfo } from './compiled.ts';
export { type CompileOptions, compile } from '../lower/image.ts';
