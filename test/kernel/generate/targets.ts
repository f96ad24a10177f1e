/** Random targets for the lab's rules. */
import type { Random } from '../../oracle/random.ts';
import { type Hook, MARKS, type Place, type Proto } from './matches.ts';
import type { Family } from './topology.ts';
import { OWN } from './topology.ts';
import { containerAddresses, PORTS } from './values.ts';

export interface Target {
  readonly words: readonly string[];
  /** Protocols that it asks for, one of them; empty: any. */
  readonly protos: readonly Proto[];
  /** Matches that it asks for. */
  readonly matches: readonly string[];
}

function target(words: string, protos: readonly Proto[] = [], matches = ''): Target {
  return { words: words.split(' '), protos, matches: matches === '' ? [] : matches.split(' ') };
}

const NOTHING: Target = { words: [], protos: [], matches: [] };
const REJECTS: Readonly<Record<Family, readonly string[]>> = {
  4: ['icmp-port-unreachable', 'icmp-host-prohibited', 'icmp-net-unreachable'],
  6: ['icmp6-port-unreachable', 'icmp6-adm-prohibited', 'icmp6-no-route'],
};

export class Targets {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick(place: Omit<Place, 'proto'>): Target {
    const random = this.#random;
    if (random.chance(0.12)) return NOTHING;
    if (random.chance(0.1)) return target('-j RETURN');
    if (place.table === 'nat') {
      return random.chance(0.8) ? this.#nat(place.family, place.hook) : this.#plain();
    }
    if (place.table === 'mangle' && random.chance(0.8)) return this.#mangle(place);
    if (place.table === 'raw' && random.chance(0.15)) {
      return target(random.pick(['-j CT --notrack', '-j CT --notrack', '-j CT --zone 1']));
    }
    if (place.table === 'filter' || place.table === 'security') return this.#filter(place);
    return this.#plain();
  }

  #plain(): Target {
    return target(this.#random.pick(['-j ACCEPT', '-j LOG', '-j NFLOG --nflog-group 5', '-j LOG']));
  }

  #filter({ family, table }: Pick<Place, 'family' | 'table'>): Target {
    const random = this.#random;
    const plain = ['-j ACCEPT', '-j ACCEPT', '-j ACCEPT', '-j DROP', '-j LOG', '-j LOG'];
    if (table === 'security') return target(random.pick(plain));
    return random.pick([
      ...plain.map((words) => target(words)),
      target(`-j REJECT --reject-with ${random.pick(REJECTS[family])}`),
      target('-j REJECT --reject-with tcp-reset', ['tcp']),
    ]);
  }

  #mangle({ family, hook, sets }: Omit<Place, 'proto'>): Target {
    const random = this.#random;
    const mark = random.pick(['0x1/0x1', '0x2/0xff', '0x4', '0x0/0xffffffff', '0x8/0x8']);
    const ttl = family === 4 ? '-j TTL --ttl' : '-j HL --hl';
    const targets = [
      target(`-j MARK --set-xmark ${mark}`),
      target(`-j MARK --set-xmark ${mark}`),
      target(`-j MARK --or-mark ${random.pick(MARKS).replace(/\/.*/, '')}`),
      target(`-j CONNMARK --set-xmark ${mark}`),
      target('-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff'),
      target('-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff'),
      target(`-j TOS --set-tos ${random.pick(['0x10/0x3f', '0x28/0xff', '0x04/0x0c'])}`),
      target(`-j DSCP --set-dscp ${random.pick(['0x04', '0x0a'])}`),
      target(`${ttl}-${random.pick(['set 100', 'inc 2', 'dec 1', 'set 2'])}`),
      target('-j CLASSIFY --set-class 1:2'),
      target('-j ECN --ecn-tcp-remove', ['tcp']),
      target('-j CHECKSUM --checksum-fill', ['udp']),
      target('-j TCPOPTSTRIP --strip-options timestamp,sack-permitted', ['tcp']),
      target('-j ACCEPT'),
    ];
    if (hook === 'FORWARD' || hook === 'POSTROUTING') {
      const how = random.pick(['--set-mss 1200', '--set-mss 536', '--clamp-mss-to-pmtu']);
      const matches = '-m tcp --tcp-flags SYN,RST SYN';
      targets.push(target(`-j TCPMSS ${how}`, ['tcp'], matches));
      targets.push(target(`-j TCPMSS ${how}`, ['tcp'], matches));
    }
    const writable = sets.filter(({ flags }) => flags.length === 1 && flags[0] === '*');
    if (writable.length > 0) {
      const { name } = random.pick(writable);
      const word = random.pick(['--add-set', '--add-set', '--del-set', '--add-set']);
      targets.push(target(`-j SET ${word} ${name} ${random.pick(['src', 'dst'])}`));
    }
    return random.pick(targets);
  }

  #nat(family: Family, hook: Hook): Target {
    const random = this.#random;
    const ports: Proto[] = ['tcp', 'udp'];
    const port = `${random.pick(PORTS)}`;
    // the few ports of the last are none of the clients': whether one that a client wants is free
    // would depend on what the kernel drew for others
    const range = random.pick(['8200-8300', '40000-49999', '1001-1010']);
    const at = (address: string, suffix: string): string =>
      `${family === 4 ? address : `[${address}]`}:${suffix}`;
    if (hook === 'PREROUTING' || hook === 'OUTPUT') {
      const to = random.pick(containerAddresses(family));
      return random.pick([
        target(`-j DNAT --to-destination ${to}`),
        target(`-j DNAT --to-destination ${at(to, port)}`, ports),
        target(`-j DNAT --to-destination ${at(to, port)}`, ports),
        target(`-j DNAT --to-destination ${at(to, range)}`, ports),
        target('-j REDIRECT'),
        target(`-j REDIRECT --to-ports ${port}`, ports),
        target(`-j NETMAP --to ${family === 4 ? '203.0.113.0/24' : '2001:db8:99::/64'}`),
      ]);
    }
    const source = random.pick(OWN[family]);
    const targets = [
      target(`-j SNAT --to-source ${source}`),
      target(`-j SNAT --to-source ${at(source, range)}`, ports),
      target(`-j SNAT --to-source ${at(source, port)}`, ports),
    ];
    if (hook === 'POSTROUTING') {
      targets.push(
        target('-j MASQUERADE'),
        target('-j MASQUERADE'),
        target('-j MASQUERADE --to-ports 30000-60000', ports),
        target(`-j NETMAP --to ${family === 4 ? '10.99.0.0/16' : '2001:db8:77::/64'}`),
      );
    }
    return random.pick(targets);
  }
}
