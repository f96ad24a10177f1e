/** Judging with connection tracking: one rule, then Docker's with NAT. */
import { partRow } from './part.ts';

export const conntrackRows = [
  partRow({ name: 'conntrack, steady', rules: 'tracking', traffic: 'steady', time: 'judge' }),
  partRow({ name: 'conntrack, new', rules: 'tracking', traffic: 'new', time: 'judge' }),
  partRow({ name: 'docker, steady', rules: 'docker', traffic: 'steady', time: 'judge' }),
  partRow({ name: 'docker, new', rules: 'docker', traffic: 'new', time: 'judge' }),
];
