"""The shapes of a Docker host that are recorded: what each one is, and nothing of how.

A shape's containers are on the default bridge unless they name a network. Every container serves
TCP port 80 and UDP port 53 and whatever its published ports lead to.
"""
from dataclasses import dataclass, field

from newer import IPSET, docker28, docker29


@dataclass(frozen=True)
class Container:
    name: str
    network: str = "bridge"
    publish: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shape:
    name: str
    containers: tuple[Container, ...]
    networks: dict[str, tuple[str, ...]] = field(default_factory=dict)  # name: options of create
    dockerd: tuple[str, ...] = ()
    before: dict[str, str] = field(default_factory=dict)  # sysctls before dockerd starts
    after: dict[str, str] = field(default_factory=dict)  # sysctls once the containers run
    rules: str = ""  # iptables-restore --noflush
    ipset: str = ""  # ipset restore
    legacy: bool = False  # Docker's iptables is iptables-legacy
    talks: tuple[tuple[str, str], ...] = ()  # connections from before: who, to where
    v6: bool = False
    capture: str = "any"  # any | multi | names of the interfaces captured on
    traffic: tuple[str, ...] = ("ports", "inside", "host")


WEB = Container("web", publish=("8080:80", "192.168.1.10:8443:443", "127.0.0.1:9000:9000"))
DNS = Container("dns", publish=("5353:53/udp", "7000-7003:7000-7003", "192.168.1.11:5354:54/udp"))
APP = Container("app", "shop", ("8081:80",))
DB = Container("db", "shop")
SHOP = {"shop": ("--subnet=172.18.0.0/16", "-o=com.docker.network.bridge.name=br-shop")}
VAULT = {
    "vault": ("--subnet=172.20.0.0/16", "--internal", "-o=com.docker.network.bridge.name=br-vault")
}
NO_IPTABLES = ("--iptables=false",)
SHOP_V6 = {"shop": (*SHOP["shop"], "--ipv6", "--subnet=fd00:18::/64")}
IPV6 = ("--ipv6", "--fixed-cidr-v6=fd00:17::/64", "--experimental", "--ip6tables")
NO_PROXY = ("--userland-proxy=false",)
ALL = (WEB, DNS, APP, DB)

TWO_HOSTS = "192.168.1.10-192.168.1.11"
RANDOM_SOURCES = f"""*nat
-I POSTROUTING 1 -s 172.17.0.0/16 ! -o docker0 -p tcp -j SNAT --to-source 192.168.1.11 --random
-I POSTROUTING 2 -s 172.17.0.0/16 ! -o docker0 -p udp -j SNAT --to-source {TWO_HOSTS}:3000-3003
-I POSTROUTING 3 -s 172.18.0.0/16 ! -o br-shop -j MASQUERADE --random-fully
-I POSTROUTING 4 -o eth0 -p udp -m addrtype --src-type LOCAL -j MASQUERADE --to-ports 2000-2010
-I PREROUTING 1 -i eth0 -p tcp --dport 8090 -j DNAT --to-destination 172.18.0.2:7000-7007 --random
COMMIT
"""

SHAPES = (
    Shape("ports", ALL, SHOP),
    Shape("ports-no-proxy", ALL, SHOP, NO_PROXY),
    Shape("ports-multi", ALL, SHOP, capture="multi"),
    Shape("ports-no-proxy-multi", ALL, SHOP, NO_PROXY, capture="multi"),
    Shape("ports-no-veths", ALL, SHOP, capture="eth0 docker0 br-shop"),
    Shape("ports-legacy", ALL, SHOP, legacy=True),
    Shape(
        "running",
        ALL,
        SHOP,
        talks=(
            ("world", "192.168.1.10 8080"),
            ("web", "8.8.8.8 80"),
            ("app", "172.18.0.3 80"),
            ("host", "172.17.0.2 80"),
        ),
        traffic=("host",),
    ),
    Shape("ipv6", ALL, SHOP_V6, IPV6, v6=True, traffic=("v6",)),
    Shape(
        "ipv6-no-proxy-multi",
        ALL,
        SHOP_V6,
        IPV6 + NO_PROXY,
        v6=True,
        capture="multi",
        traffic=("v6",),
    ),
    Shape("ports-uplink", ALL, SHOP, capture="eth0"),
    Shape("ports-bridge", ALL, SHOP, capture="docker0"),
    Shape(
        "internal",
        (WEB, Container("safe", "vault", ("8200:80",)), Container("key", "vault")),
        VAULT,
        traffic=("ports", "inside", "host"),
    ),
    Shape("forwarding-off", ALL, SHOP, ("--ip-forward=false",)),
    Shape(
        "forwarding-of-one",
        ALL,
        SHOP,
        after={"net.ipv4.conf.eth0.forwarding": "0"},
    ),
    Shape(
        "forwarding-of-bridge",
        ALL,
        SHOP,
        after={"net.ipv4.conf.br-shop.forwarding": "0"},
    ),
    Shape("policy-accept", ALL, SHOP, before={"net.ipv4.ip_forward": "1"}),
    Shape(
        "bridge-nf-off",
        ALL,
        SHOP,
        NO_PROXY,
        after={"net.bridge.bridge-nf-call-iptables": "0"},
    ),
    Shape("as-docker28.0", ALL, SHOP, NO_IPTABLES, rules=docker28(), ipset=IPSET),
    Shape(
        "as-docker29",
        (*ALL, Container("safe", "vault"), Container("key", "vault")),
        SHOP | VAULT,
        NO_IPTABLES,
        rules=docker29(),
    ),
    Shape(
        "random-sources",
        ALL,
        SHOP,
        rules=RANDOM_SOURCES,
        traffic=("ports", "inside", "host", "sources"),
    ),
)
