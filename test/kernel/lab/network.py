"""The namespaces of the lab: a host as topology.json describes it, and everything around it.

Every interface of the host that leads outside is one end of a veth pair; the other end is in the
namespace of the peers, which have no address and never answer, so that nothing but the injected
frames is on the wire. Neighbours are static. What the host itself sends is dropped before OUTPUT.
"""
import ctypes
import json
import os
import subprocess
import time
from ipaddress import ip_interface

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
SETTLE_SECONDS = 5

GUARD = """
table inet lab {
  chain output { type filter hook output priority -500; log group 2; drop; }
  chain input { type filter hook input priority 300; log group 1; }
}
"""


def run(*command, text=None, check=True):
    """Standard output of a command; raises with its complaint when it fails."""
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def enter(namespace):
    """Moves this thread, and what it starts from now on, into a namespace."""
    with open(f"/run/netns/{namespace}") as handle:
        if LIBC.setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {namespace}")


def write(path, value):
    with open(path, "w") as handle:
        handle.write(f"{value}\n")


def pending():
    """Names of links and addresses that are not in use yet."""
    routes = json.loads(run("ip", "-j", "-6", "route", "show", "table", "local", "type", "local"))
    local = {route["dst"] for route in routes}
    for link in json.loads(run("ip", "-j", "addr", "show")):
        addresses = [a["local"] for a in link["addr_info"] if a["family"] == "inet6"]
        if link["operstate"] not in ("UP", "UNKNOWN") or not addresses:
            yield link["ifname"]
        yield from (address for address in addresses if address not in local)
    for port in json.loads(run("bridge", "-j", "link", "show")):
        if port["state"] != "forwarding":
            yield port["ifname"]


class Network:
    """Namespaces NAME-host and NAME-peers. Afterwards this process is in the host's."""

    def __init__(self, name, topology):
        self.topology = topology
        self.host = f"{name}-host"
        self.peers = f"{name}-peers"
        for namespace in (self.host, self.peers):
            run("ip", "netns", "add", namespace)
        enter(self.peers)
        write("/proc/sys/net/ipv6/conf/default/disable_ipv6", 1)
        enter(self.host)
        for name, value in (("accept_dad", 0), ("accept_ra", 0), ("autoconf", 0)):
            write(f"/proc/sys/net/ipv6/conf/default/{name}", value)
            write(f"/proc/sys/net/ipv6/conf/all/{name}", value)
        try:
            run("ip", "-batch", "-", text="\n".join(self._commands()))
            outer = "\n".join(f"link set {name} up promisc on" for name in self.ports())
            run("ip", "-n", self.peers, "-batch", "-", text=outer)
            self._settle()
        except BaseException:
            self.delete()
            raise

    def _commands(self):
        yield "link set lo up"
        for uplink in self.topology["uplinks"]:
            yield from self._veth(uplink["name"], uplink["mac"])
            yield from self._addresses(uplink)
            for neighbour in uplink["neigh"]:
                yield self._neighbour(neighbour["ip"], neighbour["mac"], uplink["name"])
        for bridge in self.topology["bridges"]:
            yield f"link add {bridge['name']} address {bridge['mac']} type bridge mcast_snooping 0"
            yield f"link set {bridge['name']} up"
            yield from self._addresses(bridge)
        for container in self.topology["containers"]:
            veth = container["veth"]
            yield from self._veth(veth, container["veth_mac"])
            yield f"link set {veth} master {container['bridge']}"
            for address in (container["ip"], container.get("ip6")):
                if address:
                    yield self._neighbour(address, container["mac"], container["bridge"])
        for route in self.topology["routes"]:
            yield f"route add {route}"
        for route in self.topology.get("routes6", ()):
            yield f"route add {route}"

    def _veth(self, name, mac):
        yield f"link add {name} address {mac} type veth peer name {name} netns {self.peers}"
        yield f"link set {name} up"

    @staticmethod
    def _settle():
        """Waits for what the kernel does a little later: links, ports and IPv6 addresses."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while unready := sorted(pending()):
            if time.monotonic() > deadline:
                raise RuntimeError(f"not ready: {', '.join(unready)}")
            time.sleep(0.002)

    @staticmethod
    def _addresses(link):
        for address in link["addrs"]:
            yield f"addr add {address} brd + dev {link['name']}"
        for address in link.get("addrs6", ()):
            yield f"addr add {address} dev {link['name']} nodad"

    @staticmethod
    def _neighbour(address, mac, link):
        return f"neigh replace {address} lladdr {mac} dev {link} nud permanent"

    def ports(self):
        """Names of the interfaces that frames can come in by."""
        for link in self.topology["uplinks"]:
            yield link["name"]
        for container in self.topology["containers"]:
            yield container["veth"]

    def docker_networks(self):
        """As `docker network inspect` tells who is on the bridges: no frame has to."""
        return json.dumps([self._docker_network(bridge) for bridge in self.topology["bridges"]])

    def _docker_network(self, bridge):
        links = [ip_interface(text) for text in (*bridge["addrs"], *bridge.get("addrs6", ()))]
        lengths = {link.version: link.network.prefixlen for link in links}
        members = {}
        for container in self.topology["containers"]:
            if container["bridge"] == bridge["name"]:
                members[container["name"]] = {
                    "Name": container["name"],
                    "MacAddress": container["mac"],
                    "IPv4Address": f"{container['ip']}/{lengths[4]}",
                    "IPv6Address": f"{container['ip6']}/{lengths[6]}" if "ip6" in container else "",
                }
        subnets = [{"Subnet": str(link.network), "Gateway": str(link.ip)} for link in links]
        return {
            "Name": bridge["name"],
            "Id": "",
            "Driver": "bridge",
            "IPAM": {"Config": subnets},
            "Containers": members,
            "Options": {"com.docker.network.bridge.name": bridge["name"]},
        }

    def learn(self):
        """Makes the bridges know the containers."""
        batch = []
        for container in self.topology["containers"]:
            batch.append(f"fdb replace {container['mac']} dev {container['veth']} master static")
        run("bridge", "-batch", "-", text="\n".join(batch))

    def delete(self):
        for namespace in (self.host, self.peers):
            run("ip", "netns", "del", namespace, check=False)
