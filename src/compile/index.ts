/** Hosts and rules, lowered to the image that the core takes. */

export { compile } from './compile.ts';
export type { Compiled, CounterInfo } from './compiled.ts';
export type { CompileOptions, UnknownPolicy } from './options.ts';
