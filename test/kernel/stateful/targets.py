"""-j SET: entries that packets add and delete."""
from frames import fragment, icmp, raw, tcp, udp
from scenario import Case, in_set

ADD, DEL = '-p udp --dport 1 -j SET --add-set', '-p udp --dport 2 -j SET --del-set'
ADD_PORT, DEL_PORT = '-p udp --sport 1 -j SET --add-set', '-p udp --sport 2 -j SET --del-set'


def put(src='10.1.0.2', after=0, **more):
    return udp(src=src, dport=1, after=after, **more)


def take(src='10.1.0.2', after=0, **more):
    return udp(src=src, dport=2, after=after, **more)


TARGETS = [
    Case(
        'target-net',
        sets=['create e hash:net', 'create f hash:net', 'add f 10.9.0.0/16', 'add f 10.8.0.0/24',
              'create g hash:net', 'add g 10.1.0.0/24 nomatch'],
        rules=[f'{ADD} e src', f'{ADD} f src', f'{ADD} g src', f'{ADD} g src --exist',
               f'{DEL} e src', f'{DEL} f src', f'{DEL} g src',
               *in_set('e src'), *in_set('f src'), *in_set('g src')],
        frames=[udp(), put(note='nothing was in it: /32'), udp(), udp(src='10.1.0.3'),
                udp(src='10.1.9.3'), put(src='10.1.9.9'), udp(src='10.1.9.3'),
                take(), udp(), udp(src='10.1.9.3'), take(src='10.8.0.9', note='the last /24'),
                take(src='10.1.9.9'), put(src='10.5.6.7', note='now the longest is another'),
                udp(src='10.5.6.8'), udp(src='10.5.7.8'), take(src='10.9.1.1'),
                put(src='10.4.4.4'), udp(src='10.4.4.5')]),
    Case(
        'target-net-more',
        sets=['create p hash:net,port', 'create i hash:net,iface', 'add i 10.7.0.0/16,left',
              'create n hash:ip,port,net', 'add n 10.2.0.2,tcp:1,10.1.0.0/24',
              'create j hash:net,iface'],
        rules=[f'{ADD_PORT} p src,dst', f'{ADD_PORT} i src,src', f'{ADD_PORT} n dst,dst,src',
               f'{ADD_PORT} j src,dst', f'{DEL_PORT} i src,src', f'{DEL_PORT} p src,dst',
               *in_set('p src,dst'), *in_set('i src,src'), *in_set('n dst,dst,src'),
               *in_set('j src,dst')],
        frames=[udp(), udp(sport=1), udp(), udp(src='10.1.0.3'), udp(src='10.1.1.3'),
                udp(dport=54), udp(dport=54, sport=1), udp(dport=54),
                udp(sport=1, src='10.3.0.2', dst='10.1.0.9', side='right', note='other interface'),
                udp(src='10.3.0.2'), udp(sport=2), udp(), udp(src='10.3.0.2'),
                udp(sport=2, cut=7, note='without its header')]),
    Case(
        'target-bitmap',
        sets=['create b bitmap:ip range 10.1.0.0-10.1.0.10', 'create p bitmap:port range 1-1000',
              'create m bitmap:ip range 10.1.0.0/16 netmask 24',
              'create l list:set', 'add l b', 'create h hash:ip', 'add l h'],
        rules=[f'{ADD_PORT} b src', f'{ADD_PORT} p dst', f'{ADD_PORT} m src', f'{ADD_PORT} l src',
               f'{DEL_PORT} l src', f'{DEL_PORT} p dst', *in_set('b src'), *in_set('p dst'),
               *in_set('m src'), *in_set('h src'), *in_set('l src')],
        frames=[udp(sport=1), udp(), udp(sport=1, src='10.1.0.11'), udp(src='10.1.0.11'),
                udp(sport=1, dport=1001), udp(dport=1001), udp(sport=2), udp(), udp(sport=2), udp(),
                udp(sport=1, src='10.1.7.1'), udp(src='10.1.7.9'), udp(src='10.1.8.9'),
                udp(sport=1, src='10.3.7.1'), udp(src='10.3.7.1'), udp(sport=2, src='10.3.7.1'),
                udp(src='10.3.7.1')]),
    Case(
        'target-list',
        sets=['create a hash:ip', 'create b hash:ip', 'create l list:set', 'add l a', 'add l b'],
        rules=['-p udp --dport 1 -j SET --add-set l src', '-p udp --dport 2 -j SET --del-set l src',
               '-p udp --dport 3 -j SET --add-set l src --exist', *in_set('a src'),
               *in_set('b src'),
               *in_set('l src')],
        frames=[udp(), udp(dport=1), udp(), udp(dport=1), udp(), udp(dport=2), udp(), udp(dport=2),
                udp(), udp(dport=3), udp(dport=3), udp()]),
    Case(
        'target-timeout',
        sets=['create t hash:ip timeout 1', 'create u hash:ip timeout 0', 'create v hash:ip',
              'create w bitmap:ip range 10.1.0.0/24 timeout 1', 'create x hash:net timeout 1'],
        rules=[f'{ADD} t src', f'{ADD} u src --timeout 1', f'{ADD} v src --timeout 1',
               f'{ADD} w src --timeout 2', f'{ADD} x src --timeout 0',
               '-p udp --dport 3 -j SET --add-set t src --exist',
               '-p udp --dport 3 -j SET --add-set w src --exist --timeout 3',
               '-p udp --dport 3 -j SET --add-set u src',
               *in_set('t src'), *in_set('u src'), *in_set('v src'), *in_set('w src'),
               *in_set('x src')],
        frames=[udp(), put(), udp(), udp(after=.7), udp(dport=3), udp(after=.7), put(),
                udp(after=.8),
                udp(after=.8), put(), udp(), udp(after=1.3)]),
    Case(
        'target-full',
        sets=['create s hash:ip maxelem 2 counters', 'add s 10.1.0.2 packets 7 bytes 7',
              'create t hash:ip maxelem 1 timeout 1', 'add t 10.9.9.9 timeout 1',
              'create n hash:net maxelem 1', 'create l list:set', 'add l s', 'add l n'],
        rules=[f'{ADD} s src', f'{ADD} t src', f'{ADD} n src', f'{ADD} l src',
               '-p udp --dport 3 -j SET --add-set s src --exist',
               *in_set('s src ! --update-counters'), *in_set('s src --packets-gt 8'),
               *in_set('s src ! --update-counters --packets-lt 3'), *in_set('t src'),
               *in_set('n src')],
        frames=[udp(), put(), udp(), put(src='10.1.0.3'), put(src='10.1.0.4'), udp(src='10.1.0.3'),
                udp(src='10.1.0.4'), udp(dport=3), udp(), udp(src='10.1.0.4', after=1.5),
                put(src='10.1.0.4'), udp(src='10.1.0.4')]),
    Case(
        'target-mac',
        sets=['create m bitmap:ip,mac range 10.1.0.0/24', 'add m 10.1.0.9'],
        rules=[f'{ADD} m src,src', f'{ADD} m src',
               '-p udp --dport 3 -j SET --add-set m src,src --exist',
               f'{DEL} m src,src', *in_set('m src,src')],
        frames=[udp(), put(), udp(), udp(src_mac='02:00:00:00:07:07'),
                put(src_mac='02:00:00:00:07:07'), udp(), udp(dport=3, src_mac='02:00:00:00:07:07'),
                udp(), udp(src_mac='02:00:00:00:07:07'), take(), udp(), put(src='10.1.0.9'),
                udp(src='10.1.0.9', src_mac='02:00:00:00:07:07'), udp(src='10.1.0.9')]),
    Case(
        'target-map',
        sets=['create s hash:ip skbinfo counters', 'add s 10.1.0.2 skbmark 0x12/0xff',
              'add s 10.1.0.3 skbmark 0x34 skbprio 1:2', 'add s 10.1.0.4',
              'create n hash:net skbinfo', 'add n 10.1.0.0/24 skbmark 0x56/0xff',
              'add n 10.1.0.3 nomatch skbmark 0x78', 'create p hash:ip', 'add p 10.1.0.2',
              'create l list:set skbinfo', 'add l n skbmark 0x9a', 'create k list:set',
              'add k n'],
        rules=['*mangle -A PREROUTING -j MARK --set-mark 0x1000',
               '*mangle -A PREROUTING -p udp --dport 1 -j SET --map-set s src --map-mark',
               '*mangle -A PREROUTING -p udp --dport 2 -j SET --map-set n src --map-mark',
               '*mangle -A PREROUTING -p udp --dport 3 -j SET --map-set l src --map-mark',
               '*mangle -A PREROUTING -p udp --dport 4 -j SET --map-set k src --map-mark',
               '*mangle -A PREROUTING -p udp --dport 5 -j SET --map-set p src --map-mark',
               *[f'-m mark --mark {mark}' for mark in
                 ('0x1000', '0x1012', '0x34', '0x1056', '0x9a', '0x78', '0')],
               *in_set('s src ! --update-counters --packets-gt 0')],
        frames=[udp(src=f'10.1.{low}', dport=dport) for dport in range(1, 6)
                for low in ('0.2', '0.3', '0.4', '9.9')]),
    Case(
        'target-buckets',
        sets=['create s hash:ip hashsize 64 bucketsize 2',
              'create f hash:ip hashsize 64 maxelem 20 forceadd',
              *[f'add f 10.1.9.{i}' for i in range(20)],
              'create t hash:ip hashsize 64 bucketsize 2 timeout 1'],
        rules=[f'{ADD} s src', f'{ADD} f src', f'{ADD} t src', f'{DEL} s src', f'{DEL} f src',
               *in_set('s src'), *in_set('f src'), *in_set('t src')],
        frames=[*[put(src=f'10.1.0.{i}') for i in range(2, 102)],
                *[udp(src=f'10.1.9.{i}') for i in range(20)],
                *[udp(src=f'10.1.0.{i}') for i in range(2, 102)],
                *[take(src=f'10.1.0.{i}') for i in range(2, 102, 3)],
                *[put(src=f'10.1.1.{i}', after=1.5 if i == 2 else 0) for i in range(2, 52)],
                *[udp(src=f'10.1.{net}.{i}') for i in range(2, 52) for net in (0, 1)]]),
]
