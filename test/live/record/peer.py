"""Both ends of the traffic, run inside a namespace.

serve tcp:PORT udp:PORT …   answers every request with as many bytes as it asks for
tcp ADDRESS PORT [BYTES [SOURCE[:PORT]]]      one connection
udp ADDRESS PORT [BYTES [COUNT [SOURCE[:PORT]]]]
talk ADDRESS PORT           one connection with a request each half second, until it is ended
"""
import socket
import struct
import sys
import threading
import time

WAIT = 0.4


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def serve(places: list[str]) -> None:
    for place in places:
        kind, port = place.split(":")
        stream = kind == "tcp"
        s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        s.bind(("", int(port)))
        if stream:
            s.listen()
        threading.Thread(target=accept if stream else echo, args=(s,)).start()


def accept(s: socket.socket) -> None:
    while True:
        threading.Thread(target=answer, args=(s.accept()[0],)).start()


def echo(s: socket.socket) -> None:
    while True:
        data, peer = s.recvfrom(65535)
        s.sendto(data, peer)


def answer(s: socket.socket) -> None:
    with s:
        try:
            while len(request := s.recv(4)) == 4:
                s.sendall(bytes(struct.unpack("!I", request)[0]))
        except OSError:
            pass


def source(args: tuple[str, ...]) -> tuple[str, int]:
    address, _, port = args[0].partition(":")
    return address, int(port or 0)


def ask(s: socket.socket, size: int) -> None:
    s.sendall(struct.pack("!I", size))
    while size > 0 and (data := s.recv(65536)):
        size -= len(data)


def tcp(address: str, port: str, size: str = "300", *rest: str) -> None:
    s = socket.socket(family(address))
    s.settimeout(WAIT)
    with s:
        try:
            if rest:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(source(rest))
            s.connect((address, int(port)))
            ask(s, int(size))
        except OSError:
            pass


def udp(address: str, port: str, size: str = "30", count: str = "2", *rest: str) -> None:
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.settimeout(WAIT)
    with s:
        if rest:
            s.bind(source(rest))
        for number in range(int(count)):
            try:
                s.sendto(bytes([number]) * int(size), (address, int(port)))
                s.recv(65535)
            except OSError:
                pass


def talk(address: str, port: str) -> None:
    with socket.create_connection((address, int(port)), WAIT) as s:
        while True:
            ask(s, 300)
            time.sleep(0.5)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "serve":
        serve(arguments)
    else:
        {"tcp": tcp, "udp": udp, "talk": talk}[command](*arguments)
