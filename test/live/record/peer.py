"""Both ends of the traffic, run inside a namespace.

serve tcp:PORT udp:PORT …   answers every request with as many bytes as it asks for
tcp ADDRESS PORT [BYTES [SOURCE[:PORT]]]      one connection
udp ADDRESS PORT [BYTES [COUNT [SOURCE[:PORT]]]]
"""
import selectors
import socket
import struct
import sys

WAIT = 0.4


def serve(places: list[str]) -> None:
    ready = selectors.DefaultSelector()
    for place in places:
        kind, port = place.split(":")
        stream = kind == "tcp"
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("", int(port)))
        if stream:
            s.listen()
        ready.register(s, selectors.EVENT_READ, stream)
    while True:
        for key, _ in ready.select():
            if key.data:
                answer(key.fileobj.accept()[0])
            else:
                data, peer = key.fileobj.recvfrom(65535)
                key.fileobj.sendto(data, peer)


def answer(s: socket.socket) -> None:
    with s:
        s.settimeout(WAIT)
        try:
            request = s.recv(4)
            if len(request) == 4:
                s.sendall(bytes(struct.unpack("!I", request)[0]))
        except OSError:
            pass


def source(args: list[str]) -> tuple[str, int] | None:
    if not args:
        return None
    address, _, port = args[0].partition(":")
    return address, int(port or 0)


def tcp(address: str, port: str, size: str = "300", *rest: str) -> None:
    s = socket.socket()
    s.settimeout(WAIT)
    with s:
        try:
            if rest:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(source(list(rest)))
            s.connect((address, int(port)))
            s.sendall(struct.pack("!I", int(size)))
            while s.recv(65536):
                pass
        except OSError:
            pass


def udp(address: str, port: str, size: str = "30", count: str = "2", *rest: str) -> None:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(WAIT)
    with s:
        if rest:
            s.bind(source(list(rest)))
        for number in range(int(count)):
            try:
                s.sendto(bytes([number]) * int(size), (address, int(port)))
                s.recv(65535)
            except OSError:
                pass


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "serve":
        serve(arguments)
    else:
        {"tcp": tcp, "udp": udp}[command](*arguments)
