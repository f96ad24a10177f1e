#!/usr/bin/env python3
"""A kernel to ask: reads requests from standard input, a JSON document a line, and answers each
with a line. Needs root. See client.ts for the requests; namespaces are deleted at the end.
"""
import json
import os
import signal
import sys
import traceback

from network import GUARD, Network, enter, run, write
from wire import Log, Port, Wire

TOOLS = {
    "nft": ("iptables-nft", "ip6tables-nft"),
    "legacy": ("iptables-legacy", "ip6tables-legacy"),
}
SYSCTLS = r"^net\.(bridge|netfilter|ipv4\.(conf|ip_|ipfrag)|ipv6\.(conf|ip6frag))"


class Lab:
    def __init__(self, topology):
        self.network = Network(f"dockfw-lab-{os.getpid()}", topology)
        names = list(self.network.ports())
        enter(self.network.peers)
        ports = [Port(name) for name in names]
        enter(self.network.host)
        run("nft", "-f", "-", text=GUARD)
        self.wire = Wire(ports, Log(1), Log(2))
        self.sysctls = {}
        self.backend = None

    def snapshot(self):
        """The host's files that do not depend on the rules."""
        return {
            "ip-addr.json": run("ip", "-j", "-d", "addr", "show"),
            "ip-route.json": run("ip", "-j", "-4", "route", "show", "table", "all"),
            "ip-route6.json": run("ip", "-j", "-6", "route", "show", "table", "all"),
            "ip-rule.json": run("ip", "-j", "rule"),
            "bridge-fdb.json": run("bridge", "-j", "fdb", "show"),
            "docker-networks.json": self.network.docker_networks(),
            "sysctl.txt": run("sysctl", "-a", "-r", SYSCTLS),
        }

    def refused(self, backend, family, tables, sets):
        """The rules that this kernel does not take, given those before them."""
        self.clear()
        self.backend = backend
        if sets:
            run("ipset", "restore", text=sets)
        tool = TOOLS[backend][0 if family == 4 else 1]
        refused = []
        for name, chains, rules in tables:
            run(f"{tool}-restore", text="\n".join([f"*{name}", *chains, "COMMIT", ""]))
            for rule in rules:
                try:
                    run(f"{tool}-restore", "--noflush", text=f"*{name}\n{rule}\nCOMMIT\n")
                except RuntimeError:
                    refused.append(rule)
        return refused

    def begin(self, backend, rules, rules6, sets, sysctls):
        """Loads a case; everything that the last one left is forgotten."""
        self.clear()
        self.backend = backend
        for name, value in sysctls.items():
            path = "/proc/sys/" + name.replace(".", "/")
            if name not in self.sysctls:
                with open(path) as handle:
                    self.sysctls[name] = handle.read().strip()
            write(path, value)
        if sets:
            run("ipset", "restore", text=sets)
        for tool, text in zip(TOOLS[backend], (rules, rules6)):
            if text:
                run(f"{tool}-restore", text=text)
        self.network.learn()
        return {**self.saved(), "sysctl.txt": run("sysctl", "-a", "-r", SYSCTLS)}

    def saved(self):
        """The rules with their counters, and the sets."""
        tool, tool6 = TOOLS[self.backend]
        return {
            "iptables-save.txt": run(f"{tool}-save", "-c"),
            "ip6tables-save.txt": run(f"{tool6}-save", "-c"),
            "ipset-save.txt": run("ipset", "save"),
        }

    def clear(self):
        for tool in TOOLS.get(self.backend, ()):
            if self.backend == "legacy":
                empty = "".join(EMPTY_TABLES)
                run(f"{tool}-restore", text=empty)
        run("nft", "flush ruleset")
        run("nft", "-f", "-", text=GUARD)
        run("ipset", "destroy", check=False)
        run("conntrack", "-F", check=False)
        for name, value in self.sysctls.items():
            write("/proc/sys/" + name.replace(".", "/"), value)

    def end(self):
        return {**self.saved(), "conntrack.txt": run("conntrack", "-L", check=False)}

    def answer(self, request):
        kind = request.pop("kind")
        if kind == "snapshot":
            return self.snapshot()
        if kind == "refused":
            return self.refused(**request)
        if kind == "begin":
            return self.begin(**request)
        if kind == "inject":
            return self.wire.inject(request["iface"], bytes.fromhex(request["frame"]))
        if kind == "end":
            return self.end()
        raise ValueError(f"no such request: {kind}")


def table(name, *chains):
    return "\n".join([f"*{name}", *(f":{chain} ACCEPT" for chain in chains), "COMMIT", ""])


IN, LOCAL, ON, OUT, LAST = "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"
EMPTY_TABLES = (
    table("raw", IN, OUT),
    table("mangle", IN, LOCAL, ON, OUT, LAST),
    table("nat", IN, LOCAL, OUT, LAST),
    table("filter", LOCAL, ON, OUT),
    table("security", LOCAL, ON, OUT),
)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with open(sys.argv[1]) as handle:
        lab = Lab(json.load(handle))
    try:
        for line in sys.stdin:
            try:
                reply = {"ok": lab.answer(json.loads(line))}
            except Exception as error:  # the other side decides what it means
                reply = {"error": str(error), "trace": traceback.format_exc()}
            print(json.dumps(reply), flush=True)
    finally:
        lab.network.delete()


if __name__ == "__main__":
    main()
