/** docker-host.ts's rules as one would write them by hand for nftables: look-ups, not lists. */
import { containerOf, FIRST_PORT } from '../traffic/docker-traffic.ts';

export function nftMaps(ports: number): string {
  const published = Array.from({ length: ports }, (_, port) => ({
    port: FIRST_PORT + port,
    to: containerOf(port),
  }));
  const containers = published.map(({ to }) => `${to.address} . ${to.port}`);
  const destinations = published.map(({ port }, i) => `${port} : ${containers[i]}`);
  const hairpins = published.map(({ to }) => `${to.address} . ${to.address} . ${to.port}`);
  return `
table ip docker {
  map published {
    type inet_service : ipv4_addr . inet_service
    elements = { ${destinations.join(', ')} }
  }
  set containers {
    type ipv4_addr . inet_service
    elements = { ${containers.join(', ')} }
  }
  set hairpins {
    type ipv4_addr . ipv4_addr . inet_service
    elements = { ${hairpins.join(', ')} }
  }
  chain prerouting {
    type nat hook prerouting priority dstnat
    fib daddr type local iifname != "docker0" dnat to tcp dport map @published
  }
  chain output {
    type nat hook output priority -100
    ip daddr != 127.0.0.0/8 fib daddr type local dnat to tcp dport map @published
  }
  chain postrouting {
    type nat hook postrouting priority srcnat
    ip saddr 172.17.0.0/16 oifname != "docker0" masquerade
    ip saddr . ip daddr . tcp dport @hairpins masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy drop
    oifname "docker0" ct state related,established accept
    oifname "docker0" iifname != "docker0" ip daddr . tcp dport @containers accept
    iifname "docker0" accept
  }
}
`;
}
