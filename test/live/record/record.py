#!/usr/bin/env python3
"""Records live cases: the host snapshot, a capture of real traffic and the kernel's counters.

    sudo test/live/record/record.py OUT [SHAPE …]        without SHAPE: all of shapes.py

A dockerd runs in a network namespace of its own, with a second one as the world outside:

    dfr-world ext0 192.168.1.1, 203.0.113.7, 8.8.8.8 ─── eth0 192.168.1.10, .11  dfr-host: dockerd

Containers only sleep: their image is the machine's own sleep with its libraries. Both ends of
the traffic are peer.py, run by the machine's Python inside the namespaces of host, world and
containers. Offloads are off, so a capture shows what the rules saw. OUT/SHAPE becomes a case of
test/live/cases.

Needs root, docker.io, iptables, nftables, conntrack, ipset, iproute2, ethtool, tcpdump,
wireshark-common (dumpcap), ping.
"""
import gzip
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from shapes import SHAPES, Container, Shape

HOST, WORLD = "dfr-host", "dfr-world"
PEER = str(pathlib.Path(__file__).with_name("peer.py"))
PYTHON = os.path.realpath(sys.executable)
WORLD_ADDRESSES = ("192.168.1.1/24", "203.0.113.7/32", "203.0.113.8/32", "8.8.8.8/32")
OFFLOADS = ("tx", "rx", "tso", "gso", "gro")
PER_INTERFACE = ("net.ipv4.conf.", "net.ipv6.conf.")
SYSCTLS = ("net.ipv4.ip_forward", "net.bridge.", "net.netfilter.")
SETTINGS = ("forwarding", "rp_filter", "route_localnet", "accept_local", "src_valid_mark")
SNAPLEN = "256"
SOLICITATIONS = 14  # seconds until a new IPv6 host has stopped asking for routers
TABLES = ("filter", "nat", "mangle", "raw")
CAPTURED = ("eth", "lo", "br-", "docker", "veth")


def run(*args: str, check: bool = True, **options) -> str:
    options = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL} | options
    return subprocess.run(args, check=check, **options).stdout or ""


def inside(namespace: str, *args: str, **options) -> str:
    return run("nsenter", f"--net=/var/run/netns/{namespace}", *args, **options)


class Machine:
    """The two namespaces with their dockerd; everything ends with close()."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="dfr."))
        self.socket = f"unix://{self.work}/docker.sock"
        self.started: list[subprocess.Popen] = []
        self.iptables = "iptables-legacy" if shape.legacy else "iptables-nft"
        self.ip6tables = self.iptables.replace("iptables", "ip6tables")
        self.pids: dict[str, str] = {}
        self.addresses: dict[str, str] = {}
        self.addresses6: dict[str, str] = {}
        self.talkers: list[subprocess.Popen] = []

    def start(self, *args: str, **options) -> subprocess.Popen:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(args, **quiet | options)
        self.started.append(process)
        return process

    def start_inside(self, namespace: str, *args: str) -> subprocess.Popen:
        return self.start("nsenter", f"--net=/var/run/netns/{namespace}", *args)

    def docker(self, *args: str, **options) -> str:
        env = os.environ | {"DOCKER_HOST": self.socket}
        return run("docker", *args, env=env, **options).strip()

    def connect(self) -> None:
        for namespace in (HOST, WORLD):
            run("ip", "netns", "add", namespace)
            run("ip", "-n", namespace, "link", "set", "lo", "up")
        peer = ("type", "veth", "peer", "ext0", "netns", WORLD)
        run("ip", "link", "add", "eth0", "netns", HOST, *peer)
        run("ip", "-n", HOST, "link", "set", "eth0", "address", "02:00:c0:a8:01:0a")
        run("ip", "-n", WORLD, "link", "set", "ext0", "address", "02:00:c0:a8:01:01")
        for address in ("192.168.1.10/24", "192.168.1.11/24"):
            run("ip", "-n", HOST, "addr", "add", address, "dev", "eth0")
        for address in WORLD_ADDRESSES:
            run("ip", "-n", WORLD, "addr", "add", address, "dev", "ext0")
        if self.shape.v6:
            for address in ("2001:db8::10/64", "2001:db8::11/64"):
                run("ip", "-n", HOST, "addr", "add", address, "dev", "eth0", "nodad")
            for address in ("2001:db8::1/64", "2001:db8:8::8/128"):
                run("ip", "-n", WORLD, "addr", "add", address, "dev", "ext0", "nodad")
        for namespace, device in ((HOST, "eth0"), (WORLD, "ext0")):
            run("ip", "-n", namespace, "link", "set", device, "up")
            without_offloads(("nsenter", f"--net=/var/run/netns/{namespace}"), device)
        run("ip", "-n", HOST, "route", "add", "default", "via", "192.168.1.1")
        run("ip", "-n", WORLD, "route", "add", "172.16.0.0/12", "via", "192.168.1.10")
        if self.shape.v6:
            run("ip", "-n", HOST, "route", "add", "default", "via", "2001:db8::1")
            run("ip", "-n", WORLD, "route", "add", "fd00::/16", "via", "2001:db8::10")
        self.set(self.shape.before)

    def set(self, sysctls: dict[str, str]) -> None:
        for name, value in sysctls.items():
            inside(HOST, "sysctl", "-qw", f"{name}={value}")

    def start_docker(self) -> None:
        places = [f"--{kind}-root={self.work / kind}" for kind in ("data", "exec")]
        path = f"{self.work}/bin:{os.environ['PATH']}"
        (self.work / "bin").mkdir()
        for name, program in zip(("iptables", "ip6tables"), self.both()):
            (self.work / "bin" / name).symlink_to(shutil.which(program))
        log = open(self.work / "dockerd.log", "w", encoding="utf8")
        self.start(
            *("nsenter", f"--net=/var/run/netns/{HOST}", "dockerd", "-H", self.socket, *places),
            *(f"--pidfile={self.work}/docker.pid", "--storage-driver=vfs", *self.shape.dockerd),
            stdout=log,
            stderr=log,
            env=os.environ | {"PATH": path},
        )
        for _ in range(80):
            if (self.work / "docker.sock").exists() and self.docker("info", check=False):
                break
            time.sleep(0.25)
        self.import_image()
        for name, options in self.shape.networks.items():
            self.docker("network", "create", *options, name)
        for container in self.shape.containers:
            self.start_container(container)
        time.sleep(1)
        self.set(self.shape.after)
        if self.shape.ipset:
            inside(HOST, "ipset", "restore", input=self.shape.ipset)
        if self.shape.rules:
            inside(HOST, self.iptables + "-restore", "--noflush", input=self.shape.rules)
        for device in devices():
            without_offloads(("nsenter", f"--net=/var/run/netns/{HOST}"), device)

    def import_image(self) -> None:
        root = self.work / "root"
        program = shutil.which("sleep")
        libraries = [word for word in run("ldd", program).split() if word.startswith("/")]
        for path in (program, *libraries):
            to = root / path[1:]
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(os.path.realpath(path), to)
        tar = subprocess.Popen(("tar", "-C", root, "-c", "."), stdout=subprocess.PIPE)
        self.docker("import", "-", "sleep:1", stdin=tar.stdout)
        tar.wait()

    def start_container(self, container: Container) -> None:
        publish = [f"--publish={port}" for port in container.publish]
        options = ("--name", container.name, "--network", container.network, *publish)
        self.docker("run", "--detach", *options, "sleep:1", shutil.which("sleep"), "9999")
        address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        pid, own = self.docker("inspect", "-f", "{{.State.Pid}} " + address, container.name).split()
        self.pids[container.name] = pid
        self.addresses[container.name] = own
        if self.shape.v6:
            address = "{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}"
            self.addresses6[container.name] = self.docker("inspect", "-f", address, container.name)
        without_offloads(("nsenter", "-t", pid, "-n"), "eth0")
        places = ("tcp:80", "tcp:443", "tcp:9000", *(f"tcp:{port}" for port in range(7000, 7008)))
        self.start("nsenter", "-t", pid, "-n", PYTHON, PEER, "serve", *places, "udp:53", "udp:54")

    def both(self) -> tuple[str, str]:
        return self.iptables, self.ip6tables

    def close(self) -> None:
        for name in self.pids:
            self.docker("rm", "--force", name, check=False)
        self.signal_talkers(signal.SIGCONT)
        for process in reversed(self.started):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        for namespace in (HOST, WORLD):
            run("ip", "netns", "del", namespace, check=False)
        shutil.rmtree(self.work, ignore_errors=True)

    # --- traffic ------------------------------------------------------------------------------

    def world(self, command: str) -> None:
        inside(WORLD, PYTHON, PEER, *command.split(), check=False)

    def host(self, command: str) -> None:
        inside(HOST, PYTHON, PEER, *command.split(), check=False)

    def container(self, name: str, command: str) -> None:
        run("nsenter", "-t", self.pids[name], "-n", PYTHON, PEER, *command.split(), check=False)

    def ping(self, name: str, address: str) -> None:
        where = ("nsenter", "-t", self.pids[name], "-n") if name else inside_world()
        run(*where, "ping", "-c", "2", "-i", "0.2", "-W", "1", address, check=False)

    def traffic_ports(self) -> None:
        """From outside: published ports on both addresses, unpublished ones, containers' own."""
        for host in ("192.168.1.10", "192.168.1.11"):
            for port in (8080, 8081, 8090, 8200, 8443, 9000, 7000, 7002, 7003, 7004, 22):
                self.world(f"tcp {host} {port}")
            for port in (5353, 5354, 9):
                self.world(f"udp {host} {port}")
        self.world("tcp 192.168.1.10 8080 40000 8.8.8.8")
        self.world("udp 192.168.1.10 5353 3000 2 203.0.113.8")
        for own in self.addresses.values():
            self.world(f"tcp {own} 80")
            self.world(f"udp {own} 53 10 1")
        self.world("tcp 127.0.0.1 9000")
        self.ping("", "192.168.1.10")
        self.ping("", next(iter(self.addresses.values())))

    def traffic_inside(self) -> None:
        """From every container: outside, the others, the host, its own published ports."""
        for name in self.pids:
            self.container(name, "tcp 8.8.8.8 80 3000")
            self.container(name, "udp 8.8.8.8 53 30 2")
            self.container(name, "udp 203.0.113.7 53 2500 1")
            for own in self.addresses.values():
                self.container(name, f"tcp {own} 80")
                self.container(name, f"udp {own} 53 10 1")
            for port in (8080, 8081, 8443, 9000, 7001, 8200):
                self.container(name, f"tcp 192.168.1.10 {port}")
            self.container(name, "udp 192.168.1.10 5353")
            self.ping(name, "8.8.8.8")
            self.ping(name, next(reversed(self.addresses.values())))

    def traffic_host(self) -> None:
        """From the host: outside, containers, its own published ports."""
        self.host("tcp 8.8.8.8 80")
        self.host("udp 8.8.8.8 53")
        for own in self.addresses.values():
            self.host(f"tcp {own} 80")
            self.host(f"udp {own} 53 10 1")
        for address in ("127.0.0.1", "192.168.1.10"):
            for port in (8080, 9000, 7001):
                self.host(f"tcp {address} {port}")

    def traffic_v6(self) -> None:
        """From outside, from every container and from the host, over IPv6."""
        ports = (8080, 8081, 8443, 9000, 7000, 7003, 7004, 22)
        for host in ("2001:db8::10", "2001:db8::11"):
            for port in ports:
                self.world(f"tcp {host} {port}")
            self.world(f"udp {host} 5353")
            self.world(f"udp {host} 5353 3000 1")
        for own in self.addresses6.values():
            self.world(f"tcp {own} 80")
            self.world(f"udp {own} 53 10 1")
            self.host(f"tcp {own} 80")
        for name in self.pids:
            self.container(name, "tcp 2001:db8:8::8 80 3000")
            self.container(name, "udp 2001:db8:8::8 53 2500 1")
            for own in self.addresses6.values():
                self.container(name, f"tcp {own} 80")
            for port in (8080, 8081, 7001):
                self.container(name, f"tcp 2001:db8::10 {port}")
            self.ping(name, "2001:db8:8::8")
        for address in ("::1", "2001:db8::10"):
            for port in (8080, 7001):
                self.host(f"tcp {address} {port}")
        self.host("tcp 2001:db8:8::8 80")
        self.ping("", "2001:db8::10")

    def talk(self) -> None:
        """Connections that go on while all this happens; stopped until everything is ready."""
        places = {name: ("-t", pid, "-n") for name, pid in self.pids.items()}
        places |= {"world": inside_world()[1:], "host": (f"--net=/var/run/netns/{HOST}",)}
        for who, to in self.shape.talks:
            command = ("nsenter", *places[who], PYTHON, PEER, "talk", *to.split())
            self.talkers.append(self.start(*command))
        if self.talkers:
            time.sleep(1.5)
        self.signal_talkers(signal.SIGSTOP)

    def signal_talkers(self, number: int) -> None:
        for talker in self.talkers:
            talker.send_signal(number)

    def traffic_sources(self) -> None:
        """The same source port again, of one container and of several, to one place and others."""
        for to in ("8.8.8.8", "203.0.113.7", "8.8.8.8"):
            for name in self.pids:
                own = self.addresses[name]
                self.container(name, f"udp {to} 53 40 2 {own}:4000")
                self.container(name, f"tcp {to} 80 500 {own}:0")


def inside_world() -> tuple[str, ...]:
    return ("nsenter", f"--net=/var/run/netns/{WORLD}")


def devices() -> list[str]:
    return [link["ifname"] for link in json.loads(run("ip", "-n", HOST, "-j", "link"))]


def without_offloads(where: tuple[str, ...], device: str) -> None:
    off = [word for name in OFFLOADS for word in (name, "off")]
    run(*where, "ethtool", "-K", device, *off, check=False)


def save_snapshot(machine: Machine, to: pathlib.Path) -> None:
    to.mkdir(parents=True)
    outputs = {
        "iptables-save.txt": (machine.iptables + "-save", "-c"),
        "nft-ruleset.json": ("nft", "-j", "list", "ruleset"),
        "ip-addr.json": ("ip", "-j", "-d", "addr", "show"),
        "ip-route.json": ("ip", "-j", "-4", "route", "show", "table", "all"),
        "ip-route6.json": ("ip", "-j", "-6", "route", "show", "table", "all"),
        "ip-rule.json": ("ip", "-j", "rule"),
        "bridge-fdb.json": ("bridge", "-j", "fdb", "show"),
    }
    if machine.shape.v6:
        outputs["ip6tables-save.txt"] = (machine.ip6tables + "-save", "-c")
    if machine.shape.talks:
        outputs["conntrack.txt"] = ("conntrack", "-L")
    if machine.shape.ipset:
        outputs["ipset-save.txt"] = ("ipset", "save")
    for name, command in outputs.items():
        (to / name).write_text(inside(HOST, *command), encoding="utf8")
    settings = inside(HOST, "sysctl", "-a", check=False).splitlines()
    (to / "sysctl.txt").write_text("".join(f"{line}\n" for line in settings if is_read(line)))
    docker = machine.docker
    networks = docker("network", "ls", "-q").split()
    containers = docker("ps", "-aq").split()
    (to / "docker-networks.json").write_text(docker("network", "inspect", *networks) + "\n")
    (to / "docker-containers.json").write_text(docker("inspect", *containers) + "\n")
    version = docker("version", "--format", "{{json .}}")
    (to / "docker-version.json").write_text(version + "\n")


def is_read(line: str) -> bool:
    name = line.split(" ")[0]
    if name.startswith(PER_INTERFACE):
        return name.rsplit(".", 1)[1] in SETTINGS
    return name.startswith(SYSCTLS)


def start_capture(
    machine: Machine, directory: pathlib.Path
) -> tuple[subprocess.Popen, pathlib.Path]:
    kind = machine.shape.capture
    one = kind == "any" or kind in devices()
    file = directory / ("capture.pcap" if one else "capture.pcapng")
    if one:
        command = ("tcpdump", "-i", kind, "-B", "65536", "-s", SNAPLEN, "-U", "-w", str(file))
    else:
        names = devices() if kind == "multi" else kind.split()
        on = [f"-i{name}" for name in names if name.startswith(CAPTURED)]
        command = ("dumpcap", "-q", "-B", "64", "-s", SNAPLEN, *on, "-w", str(file))
    process = machine.start_inside(HOST, *command)
    time.sleep(2)
    return process, file


def record(shape: Shape, out: pathlib.Path) -> None:
    directory = out / shape.name
    shutil.rmtree(directory, ignore_errors=True)
    machine = Machine(shape)
    try:
        machine.connect()
        machine.start_docker()
        machine.start_inside(WORLD, PYTHON, PEER, "serve", "tcp:80", "udp:53")
        time.sleep(1)
        if shape.v6:
            time.sleep(SOLICITATIONS)
        inside(HOST, "conntrack", "-F", check=False)
        machine.talk()
        for program in machine.both():
            for table in TABLES:
                inside(HOST, program, "-t", table, "-Z", check=False)
        save_snapshot(machine, directory / "host")
        capture, file = start_capture(machine, directory)
        machine.signal_talkers(signal.SIGCONT)
        for name in shape.traffic:
            getattr(machine, f"traffic_{name}")()
        time.sleep(1)
        machine.signal_talkers(signal.SIGSTOP)
        time.sleep(0.2)
        counters = inside(HOST, machine.iptables + "-save", "-c")
        counters6 = inside(HOST, machine.ip6tables + "-save", "-c")
        time.sleep(1)
        capture.send_signal(signal.SIGTERM)
        capture.wait()
        (directory / "iptables-save-after.txt").write_text(counters, encoding="utf8")
        if shape.v6:
            (directory / "ip6tables-save-after.txt").write_text(counters6, encoding="utf8")
        connections = inside(HOST, "conntrack", "-L")
        (directory / "conntrack-after.txt").write_text(connections, encoding="utf8")
    finally:
        machine.close()
    packed = gzip.compress(file.read_bytes(), 9, mtime=0)
    file.with_name(f"{file.name}.gz").write_bytes(packed)
    file.unlink()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    wanted = sys.argv[2:] or [shape.name for shape in SHAPES]
    for shape in SHAPES:
        if shape.name in wanted:
            record(shape, pathlib.Path(sys.argv[1]))
            print(shape.name, flush=True)
