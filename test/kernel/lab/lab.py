#!/usr/bin/env python3
"""A kernel to ask: reads requests from standard input, a JSON document a line, and answers each
with a line. Needs root. See client.ts for the requests; namespaces are deleted at the end.
"""
import json
import os
import signal
import sys
import traceback
from pathlib import Path

from network import GUARD, Network, enter, run, write
from wire import Log, Peers, Wire

TOOLS = {
    "nft": ("iptables-nft", "ip6tables-nft"),
    "legacy": ("iptables-legacy", "ip6tables-legacy"),
}
LINK_SETTINGS = (
    "forwarding rp_filter route_localnet accept_local src_valid_mark bc_forwarding"
    " drop_unicast_in_l2_multicast disable_ipv6 force_forwarding"
).split()
SETTINGS = (
    "bridge/*",
    "netfilter/nf_conntrack_*",
    "ipv4/ipfrag_time",
    "ipv6/ip6frag_time",
    "ipv4/ip_default_ttl",
    "ipv4/ip_forward_use_pmtu",
    *(f"ipv[46]/conf/*/{name}" for name in LINK_SETTINGS),
)
# Not settings, and different each time.
COUNTS = ("count", "buckets", "events")


class Lab:
    """Every case has namespaces of its own: nothing is left of the last one."""

    def __init__(self):
        self.network = None
        self.wire = None
        self.backend = None

    def build(self, topology):
        self.delete()
        self.network = Network(f"dockfw-lab-{os.getpid()}", topology)
        enter(self.network.peers)
        peers = Peers()
        enter(self.network.host)
        run("nft", "-f", "-", text=GUARD)
        self.wire = Wire(list(self.network.ports()), peers, Log(1), Log(2))

    def delete(self):
        if self.wire is not None:
            self.wire.close()
        if self.network is not None:
            self.network.delete()
        self.wire = self.network = None

    def begin(self, topology, backend, rules, rules6, sets, sysctls):
        """Loads a case; the host's files before the first frame."""
        self.build(topology)
        self.backend = backend
        for name, value in sysctls.items():
            write("/proc/sys/" + name.replace(".", "/"), value)
        if sets:
            run("ipset", "restore", text=sets)
        for tool, text in zip(TOOLS[backend], (rules, rules6)):
            if text:
                run(f"{tool}-restore", text=text)
        self.network.learn()
        return {
            **self.saved(),
            "ip-addr.json": run("ip", "-j", "-d", "addr", "show"),
            "ip-route.json": run("ip", "-j", "-4", "route", "show", "table", "all"),
            "ip-route6.json": run("ip", "-j", "-6", "route", "show", "table", "all"),
            "ip-rule.json": run("ip", "-j", "rule"),
            "bridge-fdb.json": run("bridge", "-j", "fdb", "show"),
            "docker-networks.json": self.network.docker_networks(),
            "sysctl.txt": settings(),
            **({"nft-ruleset.json": base_chains()} if backend == "nft" else {}),
        }

    def refused(self, topology, backend, family, rules, sets):
        """The `-A` lines that this kernel does not take, given the lines before them."""
        self.build(topology)
        if sets:
            run("ipset", "restore", text=sets)
        restore = f"{TOOLS[backend][0 if family == 4 else 1]}-restore"
        table, refused = "", []
        for line in rules:
            if line.startswith("*"):
                table = line
            elif line.startswith((":", "-A")):
                try:
                    run(restore, "--noflush", text=f"{table}\n{line}\nCOMMIT\n")
                except RuntimeError:
                    refused.append(line)
        return refused

    def saved(self):
        """The rules with their counters, and the sets."""
        tool, tool6 = TOOLS[self.backend]
        return {
            "iptables-save.txt": run(f"{tool}-save", "-c"),
            "ip6tables-save.txt": run(f"{tool6}-save", "-c"),
            "ipset-save.txt": run("ipset", "save"),
        }

    def end(self):
        connections = run("conntrack", "-L", check=False)  # before some end
        return {**self.saved(), "conntrack.txt": connections}

    def answer(self, request):
        kind = request.pop("kind")
        if kind == "begin":
            return self.begin(**request)
        if kind == "refused":
            return self.refused(**request)
        if kind == "inject":
            return self.wire.inject(request["iface"], bytes.fromhex(request["frame"]))
        if kind == "end":
            return self.end()
        raise ValueError(f"no such request: {kind}")


def settings():
    """sysctl -a, as far as a replay looks at it."""
    root = Path("/proc/sys")
    lines = []
    for path in sorted(path for name in SETTINGS for path in root.glob(f"net/{name}")):
        if not path.name.endswith(COUNTS):
            lines.append(f"{'.'.join(path.relative_to(root).parts)} = {path.read_text().strip()}\n")
    return "".join(lines)


def base_chains():
    """nft -j list ruleset without rules: iptables-save shows chains that are not there."""
    listed = json.loads(run("nft", "-j", "list", "chains"))["nftables"]
    chains = [{"chain": item["chain"]} for item in listed if "chain" in item]
    return json.dumps({"nftables": [c for c in chains if c["chain"]["table"] != "lab"]})


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # One processor: what is injected has left, or not, when send() returns.
    processors = sorted(os.sched_getaffinity(0), reverse=True)
    os.sched_setaffinity(0, {processors[int(sys.argv[1]) % len(processors)]})
    lab = Lab()
    try:
        for line in sys.stdin:
            try:
                reply = {"ok": lab.answer(json.loads(line))}
            except Exception as error:  # the other side decides what it means
                reply = {"error": str(error), "trace": traceback.format_exc()}
            print(json.dumps(reply), flush=True)
    finally:
        lab.delete()


if __name__ == "__main__":
    main()
