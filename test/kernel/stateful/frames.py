"""Builds the frames that the scenarios send."""
import ipaddress
import struct

HOST_MAC = {'left': '02:00:00:00:01:01', 'right': '02:00:00:00:02:01'}
PEER_MAC = {'left': '02:00:00:00:01:02', 'right': '02:00:00:00:02:02'}


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def mac(text):
    return bytes.fromhex(text.replace(':', ''))


def segment(proto, src, dst, header, payload, at):
    """The transport header with its checksum at `at`, and the payload."""
    src, dst = ipaddress.ip_address(src).packed, ipaddress.ip_address(dst).packed
    length = len(header) + len(payload)
    if len(src) == 4:
        pseudo = src + dst + struct.pack('!BBH', 0, proto, length)
    else:
        pseudo = src + dst + struct.pack('!I3xB', length, proto)
    value = checksum(pseudo + header + payload) or 0xffff
    return header[:at] + struct.pack('!H', value) + header[at + 2:] + payload


class Frame:
    """A frame that arrives at the host by `side`, at least `after` seconds after the one before."""

    def __init__(self, ip, side, after, src_mac=None, note=''):
        self.side, self.after, self.note = side, after, note
        self.glued = False  # to the frame before, see glued()
        kind = 0x0800 if ip[0] >> 4 == 4 else 0x86dd
        source = mac(src_mac or PEER_MAC[side])
        self.bytes = mac(HOST_MAC[side]) + source + struct.pack('!H', kind) + ip


def ip4(src, dst, proto, payload, ttl=64, frag=0, more=False, ident=1, tos=0):
    """`frag`: offset in bytes."""
    flags = frag // 8 | (0x2000 if more else 0)
    head = struct.pack('!BBHHHBBH', 0x45, tos, 20 + len(payload), ident, flags, ttl, proto, 0)
    head += ipaddress.ip_address(src).packed + ipaddress.ip_address(dst).packed
    return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + payload


def ip6(src, dst, proto, payload, ttl=64):
    head = struct.pack('!IHBB', 0x60000000, len(payload), proto, ttl)
    return head + ipaddress.ip_address(src).packed + ipaddress.ip_address(dst).packed + payload


def packet(src, dst, proto, payload, **more):
    return (ip6 if ':' in src else ip4)(src, dst, proto, payload, **more)


SRC, DST = '10.1.0.2', '10.2.0.2'


def udp(src=SRC, dst=DST, sport=1000, dport=53, size=4, side='left', after=0, cut=None,
        src_mac=None, note='', **more):
    """`cut`: bytes of the UDP header and payload that the datagram really has."""
    head = struct.pack('!HHHH', sport, dport, 8 + size, 0)
    data = segment(17, src, dst, head, b'x' * size, 6)[:cut]
    return Frame(packet(src, dst, 17, data, **more), side, after, src_mac, note)


FLAGS = {'F': 1, 'S': 2, 'R': 4, 'P': 8, 'A': 16, 'U': 32}


def tcp(src=SRC, dst=DST, sport=1000, dport=80, flags='S', seq=1000, ack=0, size=0, side='left',
        after=0, cut=None, src_mac=None, note='', **more):
    bits = sum(FLAGS[flag] for flag in flags)
    head = struct.pack('!HHIIBBHHH', sport, dport, seq, ack, 0x50, bits, 8192, 0, 0)
    data = segment(6, src, dst, head, b'x' * size, 16)[:cut]
    return Frame(packet(src, dst, 6, data, **more), side, after, src_mac, note)


def icmp(kind=8, code=0, src=SRC, dst=DST, ident=1, size=4, side='left', after=0, cut=None,
         src_mac=None, note='', **more):
    head = struct.pack('!BBHHH', kind, code, 0, ident, 1)
    data = head + b'x' * size
    data = (data[:2] + struct.pack('!H', checksum(data)) + data[4:])[:cut]
    return Frame(packet(src, dst, 1, data, **more), side, after, src_mac, note)


def raw(proto, src=SRC, dst=DST, payload=b'\0' * 16, side='left', after=0, src_mac=None, note='',
        **more):
    return Frame(packet(src, dst, proto, payload, **more), side, after, src_mac, note)


def fragment(proto, offset, src=SRC, dst=DST, payload=b'\0' * 16, more=False, side='left',
             after=0, note=''):
    return Frame(ip4(src, dst, proto, payload, frag=offset, more=more, ident=77), side, after,
                 None, note)
