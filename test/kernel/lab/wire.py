"""Sockets of the lab: frames in and out of the host, and packets that its log rules report."""
import select
import socket
import struct
import time

ETH_P_ALL = 3
PACKET_IGNORE_OUTGOING = 23
SOL_PACKET = 263
SO_RCVBUFFORCE = 33
NETLINK_NETFILTER = 12
NLMSG_ERROR = 2
NFNL_SUBSYS_ULOG = 4
NFULNL_MSG_CONFIG = 1
NFULA_PAYLOAD = 9
ARP = b"\x08\x06"
# Forwarding happens within send(), on this processor; this is for what is handed on.
SETTLE_SECONDS = 0.0002


class Peers:
    """The outer ends of the host's interfaces. Must be made in the peers' namespace.

    One socket for all: the kernel takes its time over closing each.
    """

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
        self.socket.setblocking(False)

    def fileno(self):
        return self.socket.fileno()

    def send(self, name, frame):
        self.socket.sendto(frame, (name, 0))

    def receive(self):
        """A frame, and the interface that it left by."""
        frame, (name, *_) = self.socket.recvfrom(65536)
        return name, frame


class Log:
    """Packets that `log group N` reports. Must be made in the host's namespace."""

    def __init__(self, group):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.socket.bind((0, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
        self._configure(group, struct.pack("=HHBxxx", 5, 1, 1))  # NFULA_CFG_CMD: bind
        # NFULA_CFG_MODE: copy whole packets; NFULA_CFG_QTHRESH: report each at once
        self._configure(group, struct.pack("=HHIBx", 10, 2, socket.htonl(0xFFFF), 2) + b"\0\0")
        self._configure(group, struct.pack("=HHI", 8, 5, socket.htonl(1)))
        self.socket.setblocking(False)

    def _configure(self, group, attribute):
        body = struct.pack("=BBH", socket.AF_UNSPEC, 0, socket.htons(group)) + attribute
        kind = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG
        head = struct.pack("=IHHII", 16 + len(body), kind, 5, 1, 0)  # request, acknowledge
        self.socket.send(head + body)
        error = self._answer()
        if error != 0:
            raise OSError(-error, "NFLOG")

    def _answer(self):
        """What the kernel says to a request; packets may be reported in between."""
        while True:
            message = self.socket.recv(1 << 17)
            if struct.unpack_from("=H", message, 4)[0] == NLMSG_ERROR:
                return struct.unpack_from("=i", message, 16)[0]

    def fileno(self):
        return self.socket.fileno()

    def receive(self):
        """The IP packet, or None for another message."""
        message = self.socket.recv(1 << 17)
        if struct.unpack_from("=H", message, 4)[0] & 0xFF != 0:
            return None
        at = 20
        while at + 4 <= len(message):
            length, kind = struct.unpack_from("=HH", message, at)
            if kind & 0x7FFF == NFULA_PAYLOAD:
                return message[at + 4 : at + length]
            at += (length + 3) & ~3
        return None


class Wire:
    def __init__(self, names, peers, delivered, answered):
        self.names = names
        self.peers = peers
        self.delivered = delivered
        self.answered = answered

    def close(self):
        for source in (self.peers, self.delivered, self.answered):
            source.socket.close()

    def inject(self, name, frame):
        """What came of a frame: copies that left, packets delivered and sent by the host."""
        if name not in self.names:
            raise ValueError(f"no frame can come in by {name}, only by {', '.join(self.names)}")
        self.drain()
        now = time.time_ns()
        self.peers.send(name, frame)
        egress, local, response = self.drain()
        return {"time": str(now), "egress": egress, "local": local, "response": response}

    def drain(self):
        egress, local, response = [], [], []
        sockets = [self.peers, self.delivered, self.answered]
        while True:
            ready = select.select(sockets, [], [], SETTLE_SECONDS)[0]
            if not ready:
                return egress, local, response
            for source in ready:
                if source is self.peers:
                    name, frame = source.receive()
                    if frame[12:14] != ARP:  # for a neighbour that nobody knows
                        egress.append({"iface": name, "frame": frame.hex()})
                    continue
                packet = source.receive()
                if packet is not None:
                    (local if source is self.delivered else response).append(packet.hex())
