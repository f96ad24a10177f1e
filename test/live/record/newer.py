"""Rule sets as Docker 28.0.0 and 29 make them for the containers of shapes.py.

Debian's Docker is older: it runs with --iptables=false, and these rules are restored instead.
"""

PORTS = (
    # bridge, container, protocol, published on, container's port
    ("docker0", "172.17.0.2", "tcp", "", 8080, 80),
    ("docker0", "172.17.0.2", "tcp", "192.168.1.10", 8443, 443),
    ("docker0", "172.17.0.2", "tcp", "127.0.0.1", 9000, 9000),
    ("docker0", "172.17.0.3", "udp", "", 5353, 53),
    ("docker0", "172.17.0.3", "tcp", "", 7000, 7000),
    ("docker0", "172.17.0.3", "tcp", "", 7001, 7001),
    ("br-shop", "172.18.0.2", "tcp", "", 8081, 80),
)
BRIDGES = {"docker0": "172.17.0.0/16", "br-shop": "172.18.0.0/16"}
INTERNAL = {"br-vault": "172.20.0.0/16"}
SET = "docker-ext-bridges-v4"

IPSET = f"create {SET} hash:net family inet\n" + "".join(
    f"add {SET} {subnet}\n" for subnet in BRIDGES.values()
)


def table(name: str, chains: str, rules: list[str]) -> str:
    base = {"filter": "INPUT FORWARD OUTPUT", "nat": "PREROUTING INPUT OUTPUT POSTROUTING"}
    heads = [f":{chain} ACCEPT [0:0]" for chain in base.get(name, "PREROUTING OUTPUT").split()]
    heads += [f":{chain} - [0:0]" for chain in chains.split()]
    return "\n".join((f"*{name}", *heads, *rules, "COMMIT", ""))


def published(proto: str, port: int) -> str:
    return f"-p {proto} -m {proto} --dport {port}"


def nat() -> str:
    rules = [
        "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
        "-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
    ]
    for bridge, subnet in BRIDGES.items():
        rules.append(f"-A POSTROUTING -s {subnet} ! -o {bridge} -j MASQUERADE")
    for bridge, own, proto, host, outer, inner in PORTS:
        to = f"-d {host}/32 " if host else ""
        way = f"{to}! -i {bridge} {published(proto, outer)}"
        rules.append(f"-A DOCKER {way} -j DNAT --to-destination {own}:{inner}")
    return table("nat", "DOCKER", rules)


def raw() -> str:
    bridge_of = {own: bridge for bridge, own, *_ in PORTS}
    rules = []
    for own, bridge in bridge_of.items():
        rules.append(f"-A PREROUTING -d {own}/32 ! -i {bridge} -j DROP")
    for _, _, proto, host, outer, _ in PORTS:
        if host == "127.0.0.1":
            way = f"-d {host}/32 ! -i lo {published(proto, outer)}"
            rules.append(f"-A PREROUTING {way} -j DROP")
    return table("raw", "", rules)


def per_port() -> list[str]:
    rules = []
    for bridge, own, proto, _, _, inner in PORTS:
        way = f"-d {own}/32 ! -i {bridge} -o {bridge} {published(proto, inner)}"
        rules.append(f"-A DOCKER {way} -j ACCEPT")
    return rules + [f"-A DOCKER ! -i {bridge} -o {bridge} -j DROP" for bridge in BRIDGES]


def docker29() -> str:
    answers = "-m conntrack --ctstate RELATED,ESTABLISHED"
    rules = ["-A FORWARD -j DOCKER-USER", "-A FORWARD -j DOCKER-FORWARD", *per_port()]
    for bridge in BRIDGES:
        rules.append(f"-A DOCKER-BRIDGE -o {bridge} -j DOCKER")
        rules.append(f"-A DOCKER-CT -o {bridge} {answers} -j ACCEPT")
    for chain in ("DOCKER-CT", "DOCKER-INTERNAL", "DOCKER-BRIDGE"):
        rules.append(f"-A DOCKER-FORWARD -j {chain}")
    rules += [f"-A DOCKER-FORWARD -i {bridge} -j ACCEPT" for bridge in BRIDGES]
    rules += [f"-A DOCKER-FORWARD -i {bridge} -o {bridge} -j ACCEPT" for bridge in INTERNAL]
    for bridge, subnet in INTERNAL.items():
        rules.append(f"-A DOCKER-INTERNAL ! -s {subnet} -o {bridge} -j DROP")
        rules.append(f"-A DOCKER-INTERNAL ! -d {subnet} -i {bridge} -j DROP")
    chains = "DOCKER DOCKER-BRIDGE DOCKER-CT DOCKER-FORWARD DOCKER-INTERNAL DOCKER-USER"
    return table("filter", chains, rules) + nat() + raw()


def docker28() -> str:
    to_bridges = f"-m set --match-set {SET} dst"
    first, second = "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2"
    rules = [
        "-A FORWARD -j DOCKER-USER",
        f"-A FORWARD {to_bridges} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        f"-A FORWARD -j {first}",
        f"-A FORWARD {to_bridges} -j DOCKER",
        *(f"-A FORWARD -i {bridge} -j ACCEPT" for bridge in BRIDGES),
        *per_port(),
        *(f"-A {first} -i {bridge} ! -o {bridge} -j {second}" for bridge in BRIDGES),
        *(f"-A {second} -o {bridge} -j DROP" for bridge in BRIDGES),
        "-A DOCKER-USER -j RETURN",
    ]
    return table("filter", f"DOCKER {first} {second} DOCKER-USER", rules) + nat() + raw()
