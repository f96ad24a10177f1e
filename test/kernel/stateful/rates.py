"""Matches that count packets: limit, hashlimit, quota, statistic."""
from frames import fragment, icmp, raw, tcp, udp
from scenario import Case


def hashlimit(text, name):
    return f'-m hashlimit --hashlimit-name {name} {text}'


def train(count, after=0, **more):
    return [udp(after=after if i == 0 else 0, **more) for i in range(count)]


RATES = [
    Case(
        'limit',
        rules=['-m limit --limit 2/sec --limit-burst 3', '-m limit --limit 10/sec --limit-burst 1',
               '-m limit --limit 1/min', '-m limit --limit 7/min --limit-burst 2',
               '-m limit --limit 1/day --limit-burst 3', '-m limit --limit 90/sec --limit-burst 2',
               '-m limit --limit 3/sec --limit-burst 255'],
        frames=[*train(7), *train(2, .25), *train(2, .4), *train(5, 1.3), *train(3, .05),
                *train(3, .55)]),
    Case(
        'quota',
        rules=['-m quota --quota 100', '-m quota ! --quota 100', '-m quota --quota 0',
               '-m quota --quota 64', '-m quota --quota 1000000'],
        frames=[udp(), udp(), udp(), udp(size=100), udp(size=0), udp()]),
    Case(
        'nth',
        rules=['-m statistic --mode nth --every 3 --packet 0',
               '-m statistic --mode nth --every 3 --packet 1',
               '-m statistic --mode nth --every 3 --packet 2',
               '-m statistic --mode nth --every 1 --packet 0',
               '-m statistic --mode nth ! --every 2 --packet 0',
               '-p tcp -m statistic --mode nth --every 2 --packet 0'],
        frames=[*train(4), tcp(), *train(2), tcp(), tcp(), *train(2)]),
    Case(
        'hashlimit-keys',
        rules=[hashlimit('--hashlimit-upto 1/min --hashlimit-burst 2 --hashlimit-mode srcip', 'a'),
               hashlimit('--hashlimit-above 1/min --hashlimit-burst 2 --hashlimit-mode dstip', 'b'),
               hashlimit('--hashlimit-upto 1/min --hashlimit-burst 1 '
                         '--hashlimit-mode srcip,dstport', 'c'),
               hashlimit('--hashlimit-upto 1/min --hashlimit-burst 1 --hashlimit-mode srcport',
                         'd'),
               hashlimit('--hashlimit-upto 1/min --hashlimit-burst 1 --hashlimit-mode srcip '
                         '--hashlimit-srcmask 24', 'e'),
               hashlimit('--hashlimit-upto 1/min --hashlimit-burst 1 --hashlimit-mode dstip '
                         '--hashlimit-dstmask 0', 'f'),
               hashlimit('--hashlimit-upto 1/min --hashlimit-burst 3', 'g')],
        frames=[udp(), udp(), udp(), udp(src='10.1.0.3'), udp(src='10.1.3.3'), udp(dport=54), tcp(),
                tcp(dport=53, sport=9), icmp(), icmp(kind=0), raw(47), raw(50), raw(51),
                udp(dst='10.2.0.9', dport=99), udp(dst='10.2.0.9', dport=99)]),
    Case(
        'hashlimit-short',
        rules=[hashlimit('--hashlimit-upto 1/min --hashlimit-burst 1 --hashlimit-mode dstport',
                         'a'),
               '-p udp', '-p tcp', '-p icmp'],
        frames=[udp(cut=3, note='no ports: dropped'), udp(cut=4), udp(cut=4), tcp(cut=4),
                icmp(cut=2),
                raw(51, payload=bytes(7)), raw(51, payload=bytes([0, 0, 0, 0, 0, 9, 0, 9])),
                fragment(17, 64, payload=bytes([0, 9, 0, 77]) * 4, note='payload read as ports'),
                udp(dport=77), fragment(17, 64, payload=bytes(2)),
                fragment(17, 0, more=True, payload=bytes([0, 9, 0, 78]) * 4), udp(dport=78)]),
    Case(
        'hashlimit-rates',
        rules=[hashlimit('--hashlimit-upto 5/sec --hashlimit-burst 2 --hashlimit-mode srcip', 'a'),
               hashlimit('--hashlimit-above 5/sec --hashlimit-burst 2 --hashlimit-mode srcip', 'b'),
               hashlimit('--hashlimit-upto 100/sec --hashlimit-burst 1 --hashlimit-mode srcip',
                         'c'),
               hashlimit('--hashlimit-upto 30/min', 'd'),
               hashlimit('--hashlimit-upto 1000/hour --hashlimit-burst 4', 'e'),
               hashlimit('--hashlimit-upto 20/day --hashlimit-burst 3', 'f')],
        frames=[*train(5), *train(2, .12), *train(3, .17), *train(2, .33), *train(6, 1.13)]),
    Case(
        'hashlimit-bytes',
        rules=[hashlimit('--hashlimit-upto 1kb/s --hashlimit-mode srcip', 'a'),
               hashlimit('--hashlimit-above 1kb/s --hashlimit-mode srcip', 'b'),
               hashlimit('--hashlimit-upto 10kb/s --hashlimit-burst 20kb --hashlimit-mode srcip',
                         'c'),
               hashlimit('--hashlimit-upto 512b/s --hashlimit-burst 3kb', 'd'),
               hashlimit('--hashlimit-upto 1mb/s --hashlimit-burst 1mb', 'e'),
               hashlimit('--hashlimit-above 100b/s', 'f')],
        frames=[*train(4, size=400), *train(3, .3, size=400), *train(3, .6, size=1400),
                *train(12, size=1400), *train(4, 1.1, size=972), *train(3, .2)]),
    Case(
        'hashlimit-shared',
        rules=[hashlimit('--hashlimit-upto 1/min --hashlimit-burst 3 --hashlimit-mode srcip', 's'),
               '-p udp --dport 53 ' +
               hashlimit('--hashlimit-above 1/min --hashlimit-burst 3 --hashlimit-mode srcip', 's'),
               hashlimit('--hashlimit-upto 100/sec --hashlimit-burst 9 --hashlimit-mode dstip',
                         's')],
        frames=[*train(3), *train(2, dport=54), *train(3, src='10.1.0.3')]),
    Case(
        'hashlimit-window',
        rules=[hashlimit('--hashlimit-upto 4/sec --hashlimit-burst 1 --hashlimit-rate-match '
                         '--hashlimit-rate-interval 1', 'a'),
               hashlimit('--hashlimit-above 4/sec --hashlimit-burst 2 --hashlimit-rate-match '
                         '--hashlimit-mode srcip', 'b'),
               hashlimit('--hashlimit-above 256b/s --hashlimit-rate-match', 'c'),
               hashlimit('--hashlimit-upto 256b/s --hashlimit-burst 512b --hashlimit-rate-match',
                         'd')],
        frames=[*train(8), *train(8, 1.2), *train(2, .5), *train(2, 1.2), *train(3, 1.3),
                *train(2, 2.5)]),
    Case(
        'hashlimit-expire',
        rules=[hashlimit('--hashlimit-upto 1/min --hashlimit-burst 1 --hashlimit-mode srcip '
                         '--hashlimit-htable-expire 1000 --hashlimit-htable-gcinterval 100', 'a'),
               hashlimit('--hashlimit-upto 1/min --hashlimit-burst 1 --hashlimit-mode srcip '
                         '--hashlimit-htable-expire 1000 --hashlimit-htable-gcinterval 20000', 'b'),
               hashlimit('--hashlimit-upto 1/min --hashlimit-burst 9 --hashlimit-mode srcip '
                         '--hashlimit-htable-max 2 --hashlimit-htable-size 2', 'c')],
        frames=[*train(2), *train(1, .6), *train(1, .6), *train(2, 1.4), udp(src='10.1.0.3'),
                udp(src='10.1.0.4'), udp(src='10.1.0.3'), udp()]),
    Case(
        'hashlimit-full',
        rules=[hashlimit('--hashlimit-upto 1/min --hashlimit-burst 1 --hashlimit-mode srcip '
                         '--hashlimit-htable-size 1', 'a'),
               '-m ttl --ttl-eq 63',
               hashlimit('--hashlimit-upto 1/min --hashlimit-burst 1 --hashlimit-mode srcip '
                         '--hashlimit-htable-size 4 --hashlimit-htable-max 2', 'b')],
        frames=[udp(src=f'10.1.0.{i}') for i in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 2)]),
    Case(
        'hashlimit-v6',
        rules=['-p tcp'],
        rules6=[hashlimit('--hashlimit-upto 1/min --hashlimit-burst 2 --hashlimit-mode '
                          'srcip,dstport --hashlimit-srcmask 64', 'a'),
                hashlimit('--hashlimit-upto 1/min --hashlimit-burst 2 --hashlimit-mode dstip '
                          '--hashlimit-dstmask 127', 'b'),
                '-m recent --rcheck --name r --mask ffff:ffff:ffff:ffff::',
                '-m recent --set --name r --mask ffff:ffff:ffff:ffff::',
                '-m connlimit --connlimit-above 1 --connlimit-mask 64', '-p udp'],
        frames=[udp(src=src, dst=dst, dport=dport, sport=sport)
                for sport, src, dst, dport in (
                    (1, 'fd01::2', 'fd02::2', 53), (1, 'fd01::3', 'fd02::2', 53),
                    (2, 'fd01::2', 'fd02::2', 54), (2, 'fd01::3', 'fd02::2', 53),
                    (3, 'fd01:0:0:1::2', 'fd02::2', 53), (4, 'fd01::3', 'fd02::2', 99))]
        + [raw(44, src='fd01::2', dst='fd02::2', note='later fragment, UDP',
               payload=bytes([17, 0, 0, 64, 0, 0, 0, 5, 0, 9, 0, 53]) + bytes(8)),
           udp(src='fd01::2', dst='fd02::2', cut=3)]),
]
