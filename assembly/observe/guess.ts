/**
 * Departures of packets whose connection's mapping is a guess: which prediction the frame fulfils,
 * if the kernel chose what the frame shows.
 */
import { STAT_NAT_ADOPTED } from '../abi';
import { Conn } from '../conntrack/conn';
import { adoptMapping, leavesAs } from '../nat/index';
import { Packet } from '../packet';
import { count } from '../stats';
import { isAsPredicted, olderPrediction, Prediction } from './pending';

/**
 * The prediction that `p`, a frame leaving, fulfils, of `newest` and the older ones with the same
 * fingerprint; 0: none. Packets that look alike leave in the order in which they came, so the
 * oldest guess is the one to correct.
 */
export function fulfilledBy(p: Packet, newest: Prediction): usize {
  let guess: usize = 0;
  let at = changetype<usize>(newest);
  for (; at != 0; at = olderPrediction(changetype<Prediction>(at), p)) {
    const e = changetype<Prediction>(at);
    if (isAsPredicted(e, p)) return at;
    if (e.conn == 0) continue;
    if (leavesAs(changetype<Conn>(<usize>e.conn), p)) return correct(at, p);
    if (e.seen == 0) guess = at;
  }
  if (guess == 0) return 0;
  const conn = changetype<Conn>(<usize>changetype<Prediction>(guess).conn);
  return adopt(conn, p) ? correct(guess, p) : 0;
}

/** Gives the connection the mapping that `p` shows, if it may be what the kernel chose. */
export function adopt(conn: Conn, p: Packet): bool {
  if (!adoptMapping(conn, p)) return false;
  count(STAT_NAT_ADOPTED);
  return true;
}

function correct(at: usize, p: Packet): usize {
  const e = changetype<Prediction>(at);
  e.src = p.src;
  e.dst = p.dst;
  e.sport = p.sport;
  e.dport = p.dport;
  return at;
}
