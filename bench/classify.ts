/** Judging without connection tracking: no packet's walk is remembered, all headers are new. */
import { partRow } from './part.ts';

export const classifyRows = [
  partRow({ name: 'classify, no rules', rules: 'none', traffic: 'new', time: 'judge' }),
  partRow({ name: 'classify, access list', rules: 'access-list', traffic: 'new', time: 'judge' }),
];
