"""-m connlimit."""
from frames import icmp, raw, tcp, udp
from scenario import Case, glued


def syn(port, **more):
    return tcp(sport=port, seq=100, **more)


def answer(port, flags='SA', seq=500, ack=101, **more):
    return tcp(src='10.2.0.2', dst='10.1.0.2', sport=80, dport=port, flags=flags, seq=seq, ack=ack,
               side='right', **more)


def data(port, flags='A', seq=101, ack=501, **more):
    return tcp(sport=port, flags=flags, seq=seq, ack=ack, **more)


def reply(port, **more):
    return udp(src='10.2.0.2', dst='10.1.0.2', sport=53, dport=port, side='right', **more)


def steps(condition, limits=range(5)):
    """What is counted, from how many of these rules match."""
    return [f'{condition} -m connlimit --connlimit-mask 0 --connlimit-above {n}' for n in limits]


def untracked_steps(limits):
    """The same before connection tracking."""
    return steps('*raw -A PREROUTING', limits)


def established(port):
    return [syn(port), answer(port), data(port)]


LONG = '-m length --length 60:1000'

CONNECTIONS = [
    Case(
        'connlimit-udp',
        rules=['-m connlimit --connlimit-above 1', '-m connlimit --connlimit-upto 2',
               '-m connlimit --connlimit-above 2 --connlimit-mask 24',
               '-m connlimit --connlimit-above 1 --connlimit-daddr',
               '-m connlimit --connlimit-above 3 --connlimit-mask 0'],
        frames=[udp(sport=1), udp(sport=2), udp(sport=3), udp(sport=1), udp(src='10.1.0.3'),
                udp(src='10.1.7.3'), udp(sport=2, dst='10.2.0.9'),
                udp(src='10.2.0.2', dst='10.1.0.2', sport=53, dport=1, side='right',
                    note='a reply'),
                udp(src='10.2.0.2', dst='10.1.0.2', sport=54, dport=1, side='right', note='new'),
                icmp(), icmp(ident=2), raw(47)]),
    Case(
        'connlimit-tcp',
        rules=['-m connlimit --connlimit-above 1',
               '-p tcp --syn -m connlimit --connlimit-above 1 --connlimit-mask 16',
               '-p tcp -m connlimit --connlimit-upto 2 --connlimit-daddr'],
        frames=[syn(1), answer(1), data(1), syn(2), answer(2), data(2), syn(3),
                data(1, 'FA'), answer(1, 'FA', 501, 102), data(1, 'A', 102, 502),
                syn(4, note='the first is in TIME_WAIT'), data(2, 'R', 101, 501), syn(5),
                syn(5, note='again'), data(3, 'A', note='a new one by an ACK')]),
    Case(
        'connlimit-drop',
        rules=['-p tcp --syn -m connlimit --connlimit-above 2 -j DROP', '-p tcp'],
        frames=[syn(1), syn(2), syn(3, note='dropped: never confirmed'), syn(3), syn(4), syn(1),
                answer(1), data(1, 'R', 101, 501, note='closes'), syn(4), answer(4)]),
    Case(
        'connlimit-empty',
        rules=['-p udp --dport 9 -m connlimit --connlimit-above 0',
               '-m conntrack --ctstate ESTABLISHED -m connlimit --connlimit-above 0',
               '-m conntrack --ctstate INVALID -m connlimit --connlimit-above 0'],
        frames=[udp(sport=1), udp(sport=1, dport=9), udp(sport=1, dport=9),
                udp(src='10.2.0.2', dst='10.1.0.2', sport=53, dport=1, side='right'),
                udp(sport=1), udp(sport=2, dport=9), tcp(flags='FA', note='invalid'),
                tcp(flags='SA', note='invalid')]),
    Case(
        'connlimit-untracked',
        rules=['*raw -A PREROUTING -m length --length 60:100 -j CT --notrack',
               '*raw -A PREROUTING -p udp --dport 9 -j CT --notrack',
               '-m connlimit --connlimit-above 1', '-m connlimit --connlimit-above 2',
               '-p icmp'],
        frames=[udp(sport=1, dport=9), udp(sport=1, dport=9), udp(sport=2, dport=9), udp(sport=1),
                udp(sport=2), udp(sport=3, dport=9), udp(sport=3), udp(sport=4),
                udp(sport=4, size=40, note='untracked, of a connection')]),
    Case(
        'connlimit-unassured', rules=steps(LONG),
        frames=[*[udp(sport=i) for i in (1, 2, 3)], reply(1), reply(2),
                *[udp(sport=i, size=40, note='counted though it began before') for i in (1, 2, 3)],
                reply(1, size=40), syn(5), syn(5, size=40), answer(5), answer(5, size=40),
                *[data(i, size=40, note='in the middle') for i in (6, 7)]]),
    Case(
        'connlimit-assured', rules=steps(LONG),
        frames=[*established(1), *established(2), *established(3),
                data(1, size=40, note='the first of its group'),
                data(2, size=40, note='not counted any more'), data(3, size=40),
                data(1, 'R', 141, 501, note='closes'),
                data(2, seq=141, size=40, note='nobody is counted: dropped'),
                data(3, seq=141, size=40), udp(size=40, note='a new one'), data(2, seq=181,
                                                                                size=40)]),
    Case(
        'connlimit-stream', rules=steps(LONG),
        frames=[*[udp(sport=i) for i in (1, 2)], reply(1), reply(2), udp(sport=1, after=2.5),
                reply(1),
                udp(sport=2), reply(2), *[udp(sport=i, size=40) for i in (1, 2)],
                reply(1, size=40)]),
    Case(
        'connlimit-closed', rules=steps('-p tcp'),
        frames=[*established(1), *established(2), data(1, 'FA'), answer(1, 'FA', 501, 102),
                data(1, 'A', 102, 502, note='the own one is closed'), data(1, 'A', 102, 502),
                data(2),
                answer(1, 'A', 502, 102), data(2), answer(2, 'R', 501, 101, note='none is left'),
                syn(3), data(1, 'A', 102, 502), syn(1, note='opened again')]),
    Case(
        'connlimit-raw', rules=untracked_steps(range(6)),
        frames=[udp(sport=1), udp(sport=1), reply(1, note='counted by its own tuple'), reply(1),
                udp(sport=2), reply(2), udp(sport=2), reply(9, note='a new one'), reply(9),
                udp(sport=9, note='answers'), syn(1), answer(1), data(1),
                data(1, 'R', 101, 501, note='closes'), answer(1), syn(2)]),
    Case(
        'connlimit-zone',
        rules=[f'*raw -A PREROUTING {LONG} -j CT --zone 1', *untracked_steps(range(4)), *steps('')],
        frames=[udp(sport=1), *[udp(sport=i, size=40) for i in (1, 2)], udp(sport=2), udp(sport=3),
                tcp(flags='SA', note='invalid'),
                *[tcp(flags='SA', sport=i, size=40, note='invalid: in no zone any more')
                  for i in (7, 8)],
                udp(sport=1, size=40), reply(1), reply(1, size=40), udp(sport=3, size=40),
                reply(3, size=40), icmp(),
                icmp(kind=5, code=1, size=60, note='an error about nothing: in no zone either')]),
    Case(
        'connlimit-zone-reply',
        rules=['*raw -A PREROUTING -i left -j CT --zone-orig 1',
               '*raw -A PREROUTING -i right -j CT --zone-reply 1',
               *untracked_steps(range(5)), *steps('', range(7))],
        frames=[*[udp(sport=1), udp(sport=1), reply(1), udp(sport=2), reply(2), reply(2)],
                *[reply(9, note='a new one'), udp(sport=9, note='answers'), reply(9)],
                *[udp(sport=3), udp(sport=3), reply(9), reply(3)]]),
    Case(
        'connlimit-zone-directions',
        rules=['*raw -A PREROUTING -m length --length 60:75 -j CT --zone-orig 1',
               '*raw -A PREROUTING -m length --length 76:200 -j CT --zone-reply 1',
               '*raw -A PREROUTING -j CT --zone 1', *untracked_steps(range(9))],
        frames=[udp(sport=port, size=size)
                for port, sizes in enumerate([(4, 40, 60), (40, 4, 60), (60, 40, 4), (60, 4, 4)])
                for size in sizes]),
    Case(
        'connlimit-jiffy',
        rules=['-p udp --dport 54 -m connlimit --connlimit-mask 0 --connlimit-above 99',
               *steps('-p udp'), '-p udp --dport 54 -j DROP'],
        frames=[*glued(*[udp(sport=i, dport=54, note='never confirmed') for i in range(5)]),
                udp(after=.05), *glued(udp(), udp()), udp(after=.05),
                *glued(*[udp(sport=i) for i in (1, 2, 1, 3, 2)]), udp(after=.05)]),
    Case(
        'connlimit-stale', sysctls=['net.netfilter.nf_conntrack_udp_timeout=1'],
        rules=steps('-p udp', range(0, 101, 4)),
        frames=[*[udp(sport=i) for i in range(1, 100)], udp(sport=200, after=3,
                                                            note='65 are forgotten'),
                udp(sport=201, note='and the others'), udp(sport=202)]),
]
