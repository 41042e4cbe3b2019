# SPDX-License-Identifier: MIT
"""Measures and reports; the results lie in build/bench: results.json, table.md and bench.svg."""

import argparse
import json

from xenhost import HostError
from xenhost.host import end_on_signals
from xenhost.ui import say

from . import chart, linux, report
from .linux import BENCH
from .plan import Plan, ours
from .session import Session


def _keep(results: dict) -> None:
    (BENCH / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (BENCH / "table.md").write_text(report.as_markdown(results))
    (BENCH / "bench.svg").write_text(chart.make(results))


def _measure() -> dict:
    files = ours() + linux.make()
    with Session(files) as session:
        plan = Plan(session)
        try:
            plan.run()
        finally:
            _keep(plan.results)
    return plan.results


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description="Measure beside a Linux guest.")
    parser.add_argument("--again", action="store_true",
                        help="only report the results that are there")
    options = parser.parse_args()
    end_on_signals()
    try:
        if options.again:
            results = json.loads((BENCH / "results.json").read_text())
            _keep(results)
        else:
            results = _measure()
    except (HostError, OSError) as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    print(report.as_text(results))
    print(f"\n{BENCH}/results.json, table.md, bench.svg")
    return 0
