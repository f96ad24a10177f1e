import { expect, test } from 'vitest';
import { natRanges } from '../../src/engine/nat-ranges.ts';
import { readHost } from '../../src/host/index.ts';
import { parseAddress } from '../../src/ruleset/address.ts';

const ip = (text: string) => parseAddress(text, 4);

test('rules that name the same container make one range, the widest of those with its start', async () => {
  const rules = `*nat
:POSTROUTING ACCEPT [0:0]
:PREROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
-A PREROUTING -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.17.0.2:81
-A PREROUTING -d 192.168.1.10/32 -j DNAT --to-destination 172.17.0.2-172.17.0.4
-A PREROUTING -s 0.0.0.0/0 -j MASQUERADE
COMMIT
*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -s 10.0.0.0/8 -j ACCEPT
COMMIT
`;
  const host = await readHost({ files: { 'iptables-save.txt': rules } });
  expect(natRanges(host)).toEqual([
    { family: 4, min: ip('172.17.0.2'), max: ip('172.17.0.4') },
    { family: 4, min: ip('192.168.1.10'), max: ip('192.168.1.10') },
  ]);
});
