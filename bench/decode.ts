/** Records, link types, IP and TCP headers, checksum of the IP header: capture bytes to frames. */
import { partRow } from './part.ts';

export const decodeRows = [
  partRow({ name: 'decode', rules: 'none', traffic: 'steady', time: 'decode' }),
];
