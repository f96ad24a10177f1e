export * from './address.ts';
export * from './counters-printer.ts';
export type * from './ipset.ts';
export type * from './match/index.ts';
export * from './parser.ts';
export type * from './rule.ts';
export type * from './ruleset.ts';
export type * from './target/index.ts';
export type * from './values.ts';
