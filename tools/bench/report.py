# SPDX-License-Identifier: MIT
"""Targets and verdicts, and the results as a table for the terminal and for Markdown."""

from dataclasses import dataclass

from .plan import BARE_MODE
from .session import DISK_MIB

KIB = 1024
REQUEST_SHARE = 1 / 5               # ours to Linux', guest CPU of an HTTP request
REQUEST_TIME = 1 / 2                # likewise, the whole machine's time of one
REQUEST_LIMIT = 29_500              # instructions
BOOT_LIMITS = {"pvh": 400_000, "pv": 1_500_000}  # instructions to main(), without devices
BOOT_SPREADS = {"pvh": 0.05, "pv": 0.5}          # between memory sizes
SAVE_SHARE = 0.25                   # ours to Linux', saving and restoring
SAVE_LIMIT = 17 << 20               # bytes of a saved idle httpd
SIZE_LIMITS = {"mini": 48 * KIB, "hello": 96 * KIB, "httpd": 320 * KIB}
MEMORY_LIMITS = {"mini": 2, "hello": 2, "httpd": 6}
IDLE_SHARE = 0.001                  # of the time, an idle httpd's CPU
PACKET_FACTOR = 3                   # ours to Linux', packets a second
# Disk loads: what they are called, units of work of one (MiB or reads), throughput to Linux' and
# guest CPU to Linux'.
DISK_LOADS = {
    "read": ("sequential read", DISK_MIB, 1.2, 1 / 2),
    "write": ("sequential write", DISK_MIB, 1.2, 1 / 2),
    "random_1": ("4 KiB reads, one at a time", 1000, 4, 1 / 3),
    "random_32": ("4 KiB reads, 32 at a time", 8000, 2, 1 / 3),
}
# What they are called, and the unit of work.
STREAMS = {"in": ("TCP in", " a byte"), "out": ("TCP out", " a byte"),
           "echo": ("UDP echo, 64 bytes, 64 on their way", " a packet"),
           "flood": ("UDP flood, frames of 60 bytes", " a packet")}
# What is counted of a guest at work, and for which work.
TRACED = {"keep": "keep-alive, 8 clients, one request",
          "keep_without_log": "keep-alive, 8 clients, no access log, one request",
          "read": "sequential read, one MiB",
          "random_1": "4 KiB reads, one at a time, one read",
          "random_32": "4 KiB reads, 32 at a time, one read"}
TRACE_COUNTS = {"exits": "VM exits", "hypercalls": "of these, hypercalls",
                "sent": "events sent", "received": "events received"}
COST = f"The cost of the checks, tsc_mode = {BARE_MODE}"
DISK_NAMES = {"xvda": "disk in memory", "xvdb": "loop on a file in memory"}


@dataclass
class Row:
    """One measurement. Values that could not be had are None; met is None without a target."""
    name: str
    unit: str
    ours: float | None
    linux: float | None = None
    target: str = ""
    met: bool | None = None

    @property
    def ratio(self) -> float | None:
        return self.ours / self.linux if self.ours is not None and self.linux else None


def _get(results: dict, *path: str) -> float | None:
    for key in path:
        if not isinstance(results, dict) or results.get(key) is None:
            return None
        results = results[key]
    return results


def _scaled(value: float | None, divisor: float) -> float | None:
    return None if value is None else value / divisor


def _within(value: float | None, limit: float) -> bool:
    return value is not None and value <= limit


def _boot(results: dict) -> list[Row]:
    rows = []
    init = _get(results, "tsc", "default", "linux", "init_ns")
    for kind, images in results.get("boot_ns", {}).items():
        for name, by_memory in images.items():
            for memory, value in by_memory.items():
                limit = BOOT_LIMITS[kind]
                rows.append(Row(f"entry to main(), {kind.upper()}, {name}, {memory} MiB",
                                "instructions", value, init if kind == "pvh" else None,
                                f"<= {limit:,}", _within(value, limit)))
            values = list(by_memory.values())
            spread = max(values) / min(values) - 1 if all(values) else None
            rows.append(Row(f"its growth with memory, {kind.upper()}, {name}", "%",
                            _scaled(spread, 0.01), None, f"<= {BOOT_SPREADS[kind]:.0%}",
                            _within(spread, BOOT_SPREADS[kind])))
    return rows


def _life(results: dict) -> list[Row]:
    ours, theirs = (_get(results, "life", side) or {} for side in ("ours", "linux"))
    stopped = [_scaled(_get(side, "migrate_pvh", "stopped_ns"), 1e6) for side in (ours, theirs)]
    within = None not in stopped and stopped[0] <= stopped[1]
    return [Row("live migration, 256 MiB: longest time without an answer", "ms", *stopped,
                "<= Linux", within),
            *_save(ours.get("save_pvh"), theirs.get("save_pvh"), "idle"),
            *_save(ours.get("save_pv"), theirs.get("save_pvh"), "idle, ours under PV")]


def _save(ours: dict | None, theirs: dict | None, how: str) -> list[Row]:
    times = [found["save_ns"] + found["restore_ns"] if _get(found, "restore_ns") else None
             for found in (ours, theirs)]
    sizes = [_get(found, "bytes") for found in (ours, theirs)]
    quick = None not in times and times[0] <= SAVE_SHARE * times[1]
    return [Row(f"xl save and xl restore, {how}", "ms", *[_scaled(t, 1e6) for t in times],
                "<= 1/4 of Linux", quick),
            Row("its file (ours: 16 MiB, Linux: 256 MiB)", "bytes", *sizes, f"<= {SAVE_LIMIT:,}",
                _within(sizes[0], SAVE_LIMIT))]


def _at_most(share: float, ours: float | None, theirs: float | None) -> bool | None:
    return None if None in (ours, theirs) else ours <= share * theirs


def _request(results: dict, mode: str, way: str, name: str) -> list[Row]:
    """The log's share apart: nginx writes its log into its own memory, we to the console."""
    both = results["tsc"][mode]
    rows = []
    for key, what in ((way, name), (f"{way}_without_log", f"{name}, no access log")):
        costs = [_get(both, side, key, "guest_ns") for side in ("ours", "linux")]
        cpu = Row(f"{what}: guest CPU a request", "instructions", *costs, "<= 1/5 of Linux",
                  _at_most(REQUEST_SHARE, *costs))
        if key == "keep":
            cpu.target += f", {REQUEST_LIMIT:,}"
            cpu.met = cpu.met and _within(costs[0], REQUEST_LIMIT)
        speed = [_get(both, side, key, "per_second") for side in ("ours", "linux")]
        times = [1e6 / value if value else None for value in speed]
        rows += [cpu, Row(f"{what}: virtual time a request", "us", *times, "<= 1/2 of Linux",
                          _at_most(REQUEST_TIME, *times))]
    logged = _scaled(_get(both, "ours", way, "logged"), 0.01)
    rows.insert(2, Row(f"{name}: lines in the access log", "%", logged, None, "100%",
                       logged == 100 if logged is not None else None))
    return rows


def _served(results: dict, mode: str) -> list[Row]:
    both = results["tsc"][mode]
    replies = [_scaled(_get(both, side, "start", "reply_ns"), 1e6) for side in ("ours", "linux")]
    rows = [Row("xl create to the first HTTP answer", "ms", *replies)]
    rows += _request(results, mode, "keep", "keep-alive")
    rows += _request(results, mode, "many", "keep-alive, 64 clients")
    rows += _request(results, mode, "close", "one connection a request")
    return rows + [row for disk in DISK_NAMES for way in DISK_LOADS
                   for row in _disk(both, disk, way)]


def _disk(both: dict, disk: str, way: str) -> list[Row]:
    what, count, faster, share = DISK_LOADS[way]
    name = f"{DISK_NAMES[disk]}, {what}"
    size = 4096 if way.startswith("random") else 1 << 20
    found = [_get(both, side, "disk", disk, way) or {} for side in ("ours", "linux")]
    speeds = [count * size * 1e3 / one["ns"] if "ns" in one else None for one in found]
    costs = [one["guest_ns"] / count if "guest_ns" in one else None for one in found]
    fast = speeds[0] >= faster * speeds[1] if None not in speeds else None
    return [Row(f"{name}: throughput", "MB/s", *speeds, f">= {faster} x Linux", fast),
            Row(f"{name}: guest CPU", f"instructions{_each(way)}", *costs,
                f"<= 1/{round(1 / share)} of Linux", _at_most(share, *costs))]


def _each(way: str) -> str:
    return " a read" if way.startswith("random") else "/MiB"


def _traces(results: dict, mode: str) -> list[Row]:
    """How often guest and hypervisor meet, for one unit of work."""
    rows = []
    for way, unit in TRACED.items():
        both = [_get(results, "tsc", mode, side, f"trace_{way}") or {} for side in ("ours", "linux")]
        for count, what in TRACE_COUNTS.items():
            each = [found[count] / found["units"] if count in found else None for found in both]
            fewer = None if None in each else each[0] < each[1]
            rows.append(Row(f"{unit}: {what}", "count", *each, "< Linux", fewer))
    return rows


def _streams(results: dict, mode: str) -> list[Row]:
    """TCP both ways and UDP packets, between dom0 and a guest that runs the same program."""
    rows = []
    for way, (what, unit) in STREAMS.items():
        both = [_get(results, "tsc", mode, side, "streams", way) or {} for side in ("ours", "linux")]
        rates = [found["came"] * 1e9 / found["ns"] if "ns" in found else None for found in both]
        if unit == " a byte":
            rows.append(Row(f"{what}: throughput", "MB/s", *[_scaled(rate, 1e6) for rate in rates],
                            ">= Linux", None not in rates and rates[0] >= rates[1]))
        elif way == "echo":
            rows.append(Row(f"{what}: packets", "1000/s", *[_scaled(rate, 1e3) for rate in rates],
                            f">= {PACKET_FACTOR} x Linux",
                            None not in rates and rates[0] >= PACKET_FACTOR * rates[1]))
        if unit == " a packet":
            rows.append(Row(f"{what}: sent back", "%",
                            *[100 * found["came"] / found["wanted"] if "ns" in found else None
                              for found in both]))
        costs = [_stream_cost(found) for found in both]
        rows.append(Row(f"{what}: guest CPU", f"instructions{unit}", *costs))
        if unit == " a byte":
            rows[-1].target, rows[-1].met = "<= Linux", _at_most(1, *costs)
    return rows


def _stream_cost(found: dict) -> float | None:
    return found["guest_ns"] / found["came"] if found.get("came") else None


def _cost(results: dict) -> list[Row]:
    """Guest CPU with and without the checks that hardening consists of."""
    both = [_get(results, "tsc", BARE_MODE, "ours") or {}, results.get("bare") or {}]
    rows = [Row(f"{what}: guest CPU a request", "instructions",
                *[_get(found, f"{way}_without_log", "guest_ns") for found in both])
            for way, what in (("keep", "keep-alive"), ("close", "one connection a request"))]
    for way, (what, count, *_) in DISK_LOADS.items():
        rows.append(Row(f"{DISK_NAMES['xvda']}, {what}: guest CPU", f"instructions{_each(way)}",
                        *[_scaled(_get(found, "disk", "xvda", way, "guest_ns"), count)
                          for found in both]))
    for way, (what, unit) in STREAMS.items():
        rows.append(Row(f"{what}: guest CPU", f"instructions{unit}",
                        *[_stream_cost(_get(found, "streams", way) or {}) for found in both]))
    return rows


def _idle(results: dict) -> list[Row]:
    rows = []
    for mode in results["tsc"]:
        ours, theirs = (_get(results, "tsc", mode, side, "idle") or {}
                        for side in ("ours", "linux"))
        shares = [100 * found["guest_ns"] / found["seconds"] / 1e9 if "guest_ns" in found else None
                  for found in (ours, theirs)]
        rows.append(Row(f"idle web server, CPU, tsc_mode {mode}", "%", *shares,
                        f"timers only (<= {IDLE_SHARE:.1%})",
                        _within(_scaled(shares[0], 100), IDLE_SHARE)))
    return rows


def _sizes(results: dict) -> list[Row]:
    linux = results["size"]["linux"]
    rows = [Row(f"image, {name}", "bytes", results["size"][name], linux, f"<= {limit:,}",
                _within(results["size"][name], limit)) for name, limit in SIZE_LIMITS.items()]
    for name, value in results.get("smallest_mib", {}).items():
        limit = MEMORY_LIMITS[name]
        rows.append(Row(f"smallest memory, {name}", "MiB", value, None, f"<= {limit}",
                        _within(value, limit)))
    return rows


def groups(results: dict) -> dict[str, list[Row]]:
    """The table, by headings."""
    found = {"Start": _boot(results)}
    for mode in results["tsc"]:
        found[f"At work, tsc_mode = {mode}"] = _served(results, mode)
        found[f"Streams and packets, tsc_mode = {mode}"] = _streams(results, mode)
        found[f"VM exits and events, tsc_mode = {mode}"] = _traces(results, mode)
    found[COST] = _cost(results)
    found["Life"] = _life(results)
    found["Idle"] = _idle(results)
    found["Size and memory"] = _sizes(results)
    return {heading: rows for heading, rows in found.items() if rows}


def number(value: float | None) -> str:
    if value is None:
        return "-"
    if value >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def cells(row: Row) -> list[str]:
    verdict = {True: "met", False: "NOT MET", None: ""}[row.met]
    ratio = "" if row.ratio is None else f"{row.ratio:.3f}" if row.ratio >= 0.01 \
        else f"{row.ratio:.2g}"
    return [row.name, row.unit, number(row.ours), number(row.linux), ratio, row.target, verdict]


def head(heading: str) -> list[str]:
    sides = ("with", "without") if heading == COST else ("ours", "Linux")
    return ["", "unit", *sides, "ratio", "target", ""]


def as_text(results: dict) -> str:
    table = {heading: [cells(row) for row in rows] for heading, rows in groups(results).items()}
    lines = [line for rows in table.values() for line in rows] + [head(COST)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]

    def layout(line: list[str]) -> str:
        parts = [text.rjust(width) if 2 <= column <= 4 else text.ljust(width)
                 for column, (text, width) in enumerate(zip(line, widths))]
        return "  ".join(parts).rstrip()

    text = []
    for heading, rows in table.items():
        text += [heading, *("  " + layout(line) for line in (head(heading), *rows)), ""]
    return "\n".join(text)


def as_markdown(results: dict) -> str:
    text = []
    for heading, rows in groups(results).items():
        text += [f"### {heading}", "", "| " + " | ".join(head(heading)) + " |",
                 "| --- | --- | ---: | ---: | ---: | --- | --- |",
                 *("| " + " | ".join(cells(row)) + " |" for row in rows), ""]
    return "\n".join(text)
