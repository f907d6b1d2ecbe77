"""Measures what excluded IPs cost the collection, and how soon a change of them holds.

    python -m bench.excluded_ips [--seconds 3] [--rounds 8]

Starts a PostgreSQL and a server of its own. Compares no rules with 10,000 of all kinds, none of which is ours: under
load, alternately, and in `decide` alone, which a busy machine disturbs less. Then measures what an excluded address
costs, and how long after its commit a change holds. bench.rules measures matching, compiling and memory alone.
"""

import argparse
import http.client
import json
import statistics
import tempfile
import time
import timeit
from functools import partial
from pathlib import Path

import psycopg

from bench.collect import Bench, Server, cpu_seconds
from bench.load import load
from bench.rules import rules_text
from collector.decide import Request, decide
from collector.environments.known_environments import KnownEnvironment
from common.token_buckets import Buckets
from ipfilter.rules.lists import MAX_RULES, compile_rules, parse

WITHIN = 0.05  # of the rate without rules
CONNECTIONS = 64
CHANGES = 10
BURST = 200  # decisions timed at once: few enough that other processes do not disturb the fastest bursts

SAVE = """
with made as (
    insert into ipfilter_excludediplist (account_id, text, version, saved_at) values (%(account)s, '', 1, now())
    returning id
)
insert into ipfilter_excludedip (list_id, canonical, source, note, position, added_at)
select made.id, canonical, canonical, '', number, now()
  from made, unnest(%(rules)s::text[]) with ordinality as typed (canonical, number)
"""


def set_rules(bench: Bench, text: str) -> None:
    """Make `text` the account's only list, in one transaction, as the page does."""
    rules = [rule.canonical for rule in parse(text).rules]
    with psycopg.connect(bench.postgres.conninfo()) as connection:
        connection.execute("delete from ipfilter_keptout")
        connection.execute("delete from ipfilter_excludedip")
        connection.execute("delete from ipfilter_excludediplist")
        if rules:
            connection.execute(SAVE, {"account": bench.account_id, "rules": rules})


def others(count: int) -> str:
    """Rules of all kinds that do not match our address, 127.0.0.1."""
    rules = parse(rules_text(count))
    return "\n".join(rule.source for rule in rules.rules if parse(rule.source).match("127.0.0.1") is None)


def compare(bench: Bench, server: Server, rounds: int) -> float:
    """Load alternately with and without rules; print both. Returns the worker's µs per request without rules."""
    texts = {"no rules": "", f"{MAX_RULES:,} rules": others(MAX_RULES)}
    costs: dict[str, list[float]] = {name: [] for name in texts}
    rates: dict[str, list[float]] = {name: [] for name in texts}
    for number in range(rounds):
        for name in sorted(texts, reverse=bool(number % 2)):  # so that a drift affects both equally
            set_rules(bench, texts[name])
            time.sleep(1)
            before = cpu_seconds(server.worker)
            result = load(server.port, "/api/track", bench.event, connections=CONNECTIONS, seconds=bench.seconds)
            costs[name].append((cpu_seconds(server.worker) - before) / result.answered * 1e6)
            rates[name].append(result.per_second)
    for name in texts:
        rate, cost = statistics.median(rates[name]), statistics.median(costs[name])
        print(f"{name:>14} {rate:>10,.0f}/s {cost:>8.1f} µs of the worker's time a request (median of {rounds})")
    ratios = [after / before for before, after in zip(*rates.values(), strict=True)]
    print(f"{'':>14} {statistics.median(ratios):>10.1%} of the rate without rules (rounds: {_spread(ratios)})")
    return min(costs["no rules"])


def _spread(ratios: list[float]) -> str:
    return " ".join(f"{ratio:.0%}" for ratio in sorted(ratios))


def decisions(bench: Bench) -> float:
    """Print what deciding about one event costs with and without rules. Returns the difference in µs."""
    body = bench.event.encode()
    request = Request("POST", "/api/track", {b"content-type": b"application/json"}, body, "127.0.0.1", time.time())
    compiled = compile_rules(enumerate(rule.triples for rule in parse(others(MAX_RULES)).rules))
    taken = []
    for rules in ((), (compiled,)):
        known = {bench.environment["app_id"]: KnownEnvironment(1, 1, 1, False, rules)}
        assert decide(request, known, Buckets(0)).records
        bursts = timeit.repeat(partial(decide, request, known, Buckets(0)), number=BURST, repeat=500)
        taken.append(min(bursts) / BURST * 1e6)
    print(f"{'decide':>14} {taken[0]:>10.2f} µs without rules, {taken[1]:.2f} µs with {MAX_RULES:,}")
    return taken[1] - taken[0]


def excluded_address(bench: Bench, server: Server) -> None:
    """Print what an excluded address costs. Only a counter reaches the database, every two seconds."""
    set_rules(bench, "127.0.0.1")
    time.sleep(1.5)
    rows, before = bench.rows(), cpu_seconds(server.worker)
    result = load(server.port, "/api/track", bench.event, connections=CONNECTIONS, seconds=bench.seconds)
    cost = (cpu_seconds(server.worker) - before) / result.answered * 1e6
    print(
        f"{'excluded':>14} {result.per_second:>10,.0f}/s {cost:>8.1f} µs, {bench.rows() - rows} rows stored", end=", "
    )
    time.sleep(3)
    counted = bench.query("select coalesce(sum(count), 0) from ipfilter_keptout")
    print(
        f"{counted:,} of {result.answered:,} counted in {bench.query('select count(*) from ipfilter_keptout')} row(s)"
    )


def seconds_until_it_holds(bench: Bench, server: Server, text: str, status: int) -> float:
    """Seconds from the commit of `text` until a request is answered with `status`."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    body = json.dumps({"app_id": bench.environment["app_id"], "identity": "ann", "properties": {}})
    set_rules(bench, text)
    committed = time.perf_counter()
    while True:
        connection.request("POST", "/api/add_user_properties", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        if response.status == status:
            connection.close()
            return time.perf_counter() - committed


def changes(bench: Bench, server: Server) -> None:
    for name, base in (("1 rule", ""), (f"{MAX_RULES:,} rules", others(MAX_RULES - 1))):
        taken = []
        for _ in range(CHANGES):
            taken.append(seconds_until_it_holds(bench, server, f"{base}\n127.0.0.1", 403))
            taken.append(seconds_until_it_holds(bench, server, base, 200))
        median, most = statistics.median(taken) * 1e3, max(taken) * 1e3
        print(f"{name:>14}: a change holds after {median:.0f} ms, at most {most:.0f} ms ({len(taken)} changes)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heapadmin-bench-") as folder:
        bench = Bench(Path(folder), options.seconds)
        try:
            with bench.server("bench.hello:application") as server:
                load(server.port, "/api/track", bench.event, connections=CONNECTIONS, seconds=2)  # warm up
                request_us = compare(bench, server, options.rounds)
                more_us = decisions(bench)
                excluded_address(bench, server)
                changes(bench, server)
        finally:
            bench.postgres.stop()
    share = more_us / request_us
    verdict = "within" if share <= WITHIN else "NOT within"
    print(f"\n{verdict} {WITHIN:.0%}: {MAX_RULES:,} rules add {more_us:.2f} µs to {request_us:.0f} µs, {share:.1%}")


if __name__ == "__main__":
    main()
