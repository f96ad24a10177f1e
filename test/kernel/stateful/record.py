#!/usr/bin/env python3
"""Asks the kernel: sends the scenarios' frames through a host of two interfaces in a network
namespace, and writes the counters after every frame to cases/*.json. Run as root:

    record.py [--print] [--sets] [name ...]

`--print`: show what each frame moved instead of writing it. `--sets`: and the sets.
"""
import ctypes
import json
import os
import re
import socket
import subprocess
import sys
import time

import scenarios
from frames import HOST_MAC, PEER_MAC

HERE = os.path.dirname(os.path.abspath(__file__))
HOST, PEER = f'dfs-host{os.getpid()}', f'dfs-peer{os.getpid()}'
NETS = {'left': ('10.1.0.1/16', '10.1.0.2', 'fd01::1/64', 'fd01::2'),
        'right': ('10.2.0.1/16', '10.2.0.2', 'fd02::1/64', 'fd02::2')}
CHAINS = {'raw': 'PREROUTING OUTPUT', 'filter': 'INPUT FORWARD OUTPUT',
          'mangle': 'PREROUTING INPUT FORWARD OUTPUT POSTROUTING'}
CLONE_NEWNET = 0x40000000
SETTLE = 0.003
QUIET = 3  # seconds until the host has said what IPv6 makes it say
JIFFY_NANOS = 4_000_000  # ticks fall on multiples of it on the monotonic clock
libc = ctypes.CDLL(None, use_errno=True)


def run(*argv, text=None, check=True):
    done = subprocess.run(argv, input=text, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise SystemExit(f'{argv}: {done.stderr}\n{text or ""}')
    return done.stdout


def enter(name):
    with open(f'/run/netns/{name}', encoding='ascii') as handle:
        if libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise SystemExit(f'setns: {os.strerror(ctypes.get_errno())}')


def build():
    for name in (HOST, PEER):
        run('ip', 'netns', 'add', name)
    in_host = ('ip', '-n', HOST)
    run(*in_host, 'link', 'set', 'lo', 'up')
    for side, (address, neighbour, address6, neighbour6) in NETS.items():
        run(*in_host, 'link', 'add', side, 'address', HOST_MAC[side], 'type', 'veth', 'peer',
            'name', side, 'address', PEER_MAC[side], 'netns', PEER)
        for end in (HOST, PEER):
            run('ip', 'netns', 'exec', end, 'sysctl', '-qw', f'net.ipv6.conf.{side}.accept_dad=0',
                f'net.ipv6.conf.{side}.accept_ra=0', f'net.ipv6.conf.{side}.router_solicitations=0',
                f'net.ipv6.conf.{side}.disable_ipv6={1 if end == PEER else 0}')
            run('ip', '-n', end, 'link', 'set', side, 'up')
        run(*in_host, 'addr', 'add', address, 'dev', side)
        run(*in_host, 'addr', 'add', address6, 'dev', side, 'nodad')
        for near in (neighbour, neighbour6):
            run(*in_host, 'neigh', 'replace', near, 'lladdr', PEER_MAC[side], 'dev', side,
                'nud', 'permanent')
    run(*in_host, 'route', 'add', 'default', 'via', '10.2.0.2')
    run('ip', 'netns', 'exec', HOST, 'sysctl', '-qw', 'net.ipv4.ip_forward=1',
        'net.ipv6.conf.all.forwarding=1', 'net.ipv4.conf.all.rp_filter=0',
        'net.ipv4.conf.left.send_redirects=0', 'net.ipv4.conf.right.send_redirects=0',
        'net.ipv4.conf.all.send_redirects=0', 'net.ipv4.conf.left.rp_filter=0',
        'net.ipv4.conf.right.rp_filter=0')


def sockets():
    """A socket per side, in the peer's namespace."""
    enter(PEER)
    made = {}
    for side in NETS:
        made[side] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        made[side].bind((side, 0))
    enter(HOST)
    return made


def counters(text):
    """Packets:bytes of every rule and base chain policy, in the order of the text."""
    return re.findall(r'^(?::\S+ (?:ACCEPT|DROP) )?\[(\d+:\d+)\]', text, re.MULTILINE)


def restore_text(rules):
    """Rules are lines of iptables-save; those that name no table are filter's FORWARD."""
    tables = {'filter': []}
    for rule in rules:
        table, line = ('filter', rule) if not rule.startswith('*') else rule[1:].split(' ', 1)
        line = line if line.startswith('-A') else f'-A FORWARD {line}'
        tables.setdefault(table, []).append(line)
    out = []
    for table, lines in tables.items():
        policies = [f':{chain} ACCEPT [0:0]' for chain in CHAINS[table].split()]
        out += [f'*{table}', *policies, *lines, 'COMMIT', '']
    return '\n'.join(out)


def saved_sets(case):
    """`ipset save`, which forgets forceadd."""
    text = run('ipset', 'save')
    for line in case.sets:
        if line.endswith(' forceadd'):
            text = re.sub(f'^(create {line.split()[1]} .*)$', r'\1 forceadd', text, flags=re.M)
    return text


def await_jiffy():
    """Frames that are glued together are to be sent within one jiffy."""
    while time.monotonic_ns() % JIFFY_NANOS > JIFFY_NANOS // 8:
        pass


def snapshot():
    """What `dockfw` needs to know of the host, all but rules and sets."""
    return {
        'ip-addr.json': run('ip', '-j', '-d', 'addr'),
        'ip-route.json': run('ip', '-j', 'route', 'show', 'table', 'all'),
        'ip-route6.json': run('ip', '-6', '-j', 'route', 'show', 'table', 'all'),
        'sysctl.txt': run('sysctl', '-a', '-r', r'forwarding|rp_filter|nf_conntrack_(tcp|udp|icmp'
                          r'|generic)|bridge-nf', check=False),
    }


def play(case, kind, show):
    """One scenario with iptables-nft or iptables-legacy."""
    build()
    ways = sockets()
    tool = {4: f'iptables-{kind}', 6: f'ip6tables-{kind}'}
    rules = {4: case.rules, 6: case.rules6}
    for setting in case.sysctls:
        run('sysctl', '-w', setting)
    if case.rules6:
        time.sleep(QUIET)
    if case.sets:
        run('ipset', 'restore', text='\n'.join(case.sets) + '\n')
    for family, lines in rules.items():
        if lines:
            run(f'{tool[family]}-restore', text=restore_text(lines))
    families = [family for family, lines in rules.items() if lines]
    save = {family: run(f'{tool[family]}-save', '-c') for family in families}
    if show:
        print(*save.values(), run('ipset', 'save'), sep='\n')
    if not show and not case.sysctls:
        write('host.json', snapshot())
    result = {'sets': saved_sets(case), 'frames': [],
              'rules': {str(family): text for family, text in save.items()}}
    first, due = None, time.monotonic()
    before = [0 for text in save.values() for _ in counters(text)]
    for i, frame in enumerate(case.frames):
        due = max(due + frame.after, time.monotonic())
        time.sleep(max(0, due - time.monotonic()))
        glues = i + 1 < len(case.frames) and case.frames[i + 1].glued
        if glues and not frame.glued:
            await_jiffy()
        now = time.monotonic_ns()
        ways[frame.side].send(frame.bytes)
        first = first or now - now % JIFFY_NANOS
        shot = {'note': frame.note, 'in': frame.side, 'atUs': (now - first) // 1000,
                'hex': frame.bytes.hex()}
        result['frames'].append(shot)
        if glues:
            continue
        time.sleep(SETTLE)
        after = [counters(run(f'{tool[family]}-save', '-c')) for family in families]
        flat = ' '.join(pair for lines in after for pair in lines)
        shot['counters'] = flat
        if show:
            now = [int(pair.split(':')[0]) for pair in flat.split()]
            print(*(b - a for a, b in zip(before, now)), frame.note or frame.bytes[34:].hex()[:40])
            before = now
            if show == 'sets':
                print(run('ipset', 'save'))
    if show:
        print(run('ipset', 'save'))
    return result


def write(name, value):
    """JSON with a line for each frame."""
    text = json.dumps(value, indent=1)
    frame = re.compile(r'\{\s+"note": [^{}]*\}')
    text = frame.sub(lambda found: re.sub(r'\n\s*', ' ', found[0]), text)
    with open(os.path.join(HERE, name), 'w', encoding='ascii') as out:
        out.write(f'{text}\n')


def main(argv):
    show = 'sets' if '--sets' in argv else '--print' in argv
    names = [word for word in argv if not word.startswith('--')]
    kinds = [word[2:] for word in argv if word in ('--nft', '--legacy')] or ['nft', 'legacy']
    os.sched_setaffinity(0, {0})  # connlimit forgets at once only what its own CPU has added
    os.makedirs(os.path.join(HERE, 'cases'), exist_ok=True)
    home = os.open('/proc/self/ns/net', os.O_RDONLY)
    for case in scenarios.CASES:
        if names and case.name not in names:
            continue
        results = {}
        for kind in kinds[:1] if show else kinds:
            try:
                results[kind] = play(case, kind, show)
            except SystemExit as fault:
                print(case.name, fault)
            finally:
                libc.setns(home, CLONE_NEWNET)
                for name in (HOST, PEER):
                    run('ip', 'netns', 'del', name, check=False)
        if show or len(results) < len(kinds):
            continue
        write(f'cases/{case.name}.json', {'sysctls': case.sysctls, 'runs': results})
        print(case.name)


main(sys.argv[1:])
