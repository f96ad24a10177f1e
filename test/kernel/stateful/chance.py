"""Sets, rules and frames by chance, from a few addresses, ports and MACs that often meet."""
import random

from frames import icmp, raw, tcp, udp
from scenario import Case

TYPES = {'hash:ip': 'i', 'hash:net': 'n', 'hash:ip,port': 'ip', 'hash:net,port': 'np',
         'hash:ip,port,ip': 'ipi', 'hash:ip,port,net': 'ipn', 'hash:net,iface': 'nf',
         'bitmap:ip': 'i', 'bitmap:ip,mac': 'im', 'bitmap:port': 'p'}
MACS = ['02:00:00:00:01:02', '02:00:00:00:07:07', '02:00:00:00:01:01']
RANGES = {'bitmap:ip': ' range 10.1.0.0-10.1.0.9', 'bitmap:ip,mac': ' range 10.1.0.0-10.1.0.9',
          'bitmap:port': ' range 50-54'}


class Chance(random.Random):
    def address(self):
        return f'10.{self.choice((1, 1, 1, 2))}.{self.choice((0, 0, 1))}.{self.randint(1, 4)}'

    def part(self, kind, form):
        if form == 'i':
            return self.address() if 'bitmap' not in kind else f'10.1.0.{self.randint(1, 4)}'
        if form == 'n':
            return f'{self.address()}/{self.choice((8, 16, 24, 30, 32))}'
        if form == 'f':
            return self.choice(('left', 'left', 'right', 'other'))
        if form == 'm':
            return self.choice(MACS)
        port = self.randint(52, 54)
        if 'bitmap' in kind:
            return str(port)
        return self.choice((f'udp:{port}', f'udp:{port}', f'tcp:{port}', 'icmp:8/0', 'gre:0'))

    def entry(self, kind, options):
        parts = [self.part(kind, form) for form in TYPES[kind]]
        if kind == 'bitmap:ip,mac' and self.random() < .4:
            parts.pop()
        text = ','.join(parts)
        if 'n' in TYPES[kind] and self.random() < .25:
            text += ' nomatch'
        if 'skbinfo' in options and self.random() < .7:
            text += f' skbmark {self.randint(1, 3):#x}/0xff'
        if 'counters' in options and self.random() < .4:
            text += f' packets {self.randint(0, 9)} bytes {self.randint(0, 500)}'
        return text

    def sets(self):
        lines, names = [], {}
        for i in range(7):
            kind = self.choice(list(TYPES))
            options = ''.join(f' {word}' for word in ('counters', 'skbinfo') if self.random() < .4)
            if self.random() < .3:
                options += f' timeout {self.choice((0, 100))}'
            if 'hash' in kind and self.random() < .3:
                options += f' maxelem {self.randint(6, 9)}'
            names[f's{i}'] = len(TYPES[kind])
            lines.append(f'create s{i} {kind}{RANGES.get(kind, "")}{options}')
            entries = [self.entry(kind, options) for _ in range(self.choice((0, 3, 6)))]
            if kind == 'bitmap:ip,mac':  # a MAC taken away again would leave what no save shows
                entries = {entry.split(',')[0].split(' ')[0]: entry for entry in entries}.values()
            lines += [f'add s{i} {entry} -exist' for entry in entries]
        for i in range(2):
            members = self.sample([name for name in names if name[0] == 's'], 3)
            names[f'l{i}'] = max(names[name] for name in members)
            lines.append(f'create l{i} list:set' + self.choice(('', ' counters', ' skbinfo')))
            lines += [f'add l{i} {name}' for name in members]
        return lines, names

    def sides(self, count):
        return ','.join(self.choice(('src', 'src', 'dst')) for _ in range(count))

    def condition(self, names):
        name, count = self.choice(list(names.items()))
        text = f'--match-set {name} {self.sides(count)}'
        for option in ('--return-nomatch', '! --update-counters', '! --update-subcounters'):
            if self.random() < .15:
                text += f' {option}'
        if self.random() < .3:
            text += self.choice((' --packets-gt 2', ' --packets-lt 9', ' ! --packets-eq 4',
                                 ' --bytes-gt 200'))
        return f'-m set {self.choice(("", "", "! "))}{text}'

    def rule(self, names):
        text = self.choice(('', '', '-p udp ', '-p udp --dport 53 ', '-i left ', '-p tcp '))
        text += self.condition(names)
        if self.random() < .5:
            return text
        name, count = self.choice(list(names.items()))
        target = f'-j SET --{self.choice(("add", "add", "del"))}-set {name} {self.sides(count)}'
        if '--add' in target:
            target += self.choice(('', '', ' --exist'))
            target += self.choice(('', '', ' --timeout 50'))
        return f'{text} {target}'

    def frame(self):
        more = {'src': self.address(), 'src_mac': self.choice(MACS[:2])}
        more['side'] = self.choice(('left', 'left', 'left', 'right'))
        more['dst'] = self.choice(('10.2.0.2', '10.2.0.2', '10.2.0.3', '10.1.0.2'))
        kind = self.random()
        if kind < .6:
            return udp(sport=self.randint(52, 54), dport=self.randint(52, 55), **more)
        if kind < .85:
            return tcp(sport=self.randint(52, 54), dport=self.randint(52, 54), **more)
        return icmp(**more) if kind < .95 else raw(47, **more)


def by_chance(seed):
    chance = Chance(seed)
    sets, names = chance.sets()
    rules = [chance.rule(names) for _ in range(14)]
    rules += [f'*mangle -A PREROUTING {chance.rule(names)}' for _ in range(5)]
    name, count = chance.choice(list(names.items()))
    rules.append(f'*mangle -A FORWARD -j SET --map-set {name} {chance.sides(count)} --map-mark')
    rules += [f'-m mark --mark {mark}' for mark in range(4)]
    if seed % 2:
        rules += ['-m conntrack --ctstate NEW', '-m conntrack --ctstate ESTABLISHED']
    pool = [chance.frame() for _ in range(12)]
    return Case(f'chance-{seed}', sets=sets, rules=rules,
                frames=[chance.choice(pool) for _ in range(40)])
