/** Packets that the host itself sends: OUTPUT, POSTROUTING, and back in again over the loopback. */
import { IFACE_LOOPBACK, PACKET_HOST, PATH_OUTPUT, VERDICT_ACCEPT } from '../abi';
import { ifaceAt } from '../host';
import { Packet } from '../packet';
import { fibLookup, routeIface } from '../route/fib';
import {
  inputHook,
  outputHookHead,
  outputHookTail,
  postroutingHook,
  preroutingLoopback,
} from './hooks';
import { outcome } from './outcome';

/** Sends the packet by p.out. The verdict; where it left by is in `outcome`. */
export function sendLocally(p: Packet): u32 {
  outcome.path = <u8>PATH_OUTPUT;
  const dst = p.dst;
  const mark = p.mark;
  let v = outputHookHead(p);
  if (v != VERDICT_ACCEPT) return v;
  v = outputHookTail(p); // still shows the interface of the first routing
  if (v != VERDICT_ACCEPT) return v;
  if (p.dst != dst || p.mark != mark) {
    const r = fibLookup(p.family, p.dst, p.src, p.mark, 0, 0); // ip_route_me_harder()
    if (r != 0) p.out = <u16>routeIface(r);
  }
  outcome.out = p.out;
  v = postroutingHook(p);
  if (v != VERDICT_ACCEPT) return v;
  if (p.out == 0 || ifaceAt(p.out).kind != IFACE_LOOPBACK) return v;
  p.in = p.out;
  p.out = 0;
  p.pktType = <u8>PACKET_HOST;
  v = preroutingLoopback(p);
  return v == VERDICT_ACCEPT ? inputHook(p) : v;
}
