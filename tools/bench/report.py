# SPDX-License-Identifier: MIT
"""Targets and verdicts, and the results as a table for the terminal and for Markdown."""

from dataclasses import dataclass

KIB = 1024
REQUEST_SHARE = 0.25                # ours to Linux', guest CPU of a keep-alive request
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
    "read": ("sequential read", 64, 1.2, 1 / 2),
    "write": ("sequential write", 64, 1.2, 1 / 2),
    "random_1": ("4 KiB reads, one at a time", 1000, 4, 1 / 3),
    "random_32": ("4 KiB reads, 32 at a time", 8000, 2, 1 / 3),
}
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
    stopped = [_scaled(_get(side, "migrate", "stopped_ns"), 1e6) for side in (ours, theirs)]
    times = [side["save"]["save_ns"] + side["save"]["restore_ns"]
             if _get(side, "save", "restore_ns") else None for side in (ours, theirs)]
    sizes = [_get(side, "save", "bytes") for side in (ours, theirs)]
    within = None not in stopped and stopped[0] <= stopped[1]
    quick = None not in times and times[0] <= SAVE_SHARE * times[1]
    return [Row("live migration, 256 MiB: longest time without an answer", "ms", *stopped,
                "<= Linux", within),
            Row("xl save and xl restore, idle", "ms", *[_scaled(t, 1e6) for t in times],
                "<= 1/4 of Linux", quick),
            Row("its file (ours: 16 MiB, Linux: 256 MiB)", "bytes", *sizes, f"<= {SAVE_LIMIT:,}",
                _within(sizes[0], SAVE_LIMIT))]


def _request(results: dict, mode: str, way: str, name: str) -> list[Row]:
    """The log's share apart: nginx writes its log into its own memory, we to the console."""
    both = results["tsc"][mode]
    rows = []
    for key, what in ((way, name), (f"{way}_without_log", f"{name}, no access log")):
        ours, theirs = (_get(both, side, key, "guest_ns") for side in ("ours", "linux"))
        cpu = Row(f"{what}: guest CPU a request", "instructions", ours, theirs)
        if key == "keep":
            limit = min(REQUEST_LIMIT, REQUEST_SHARE * theirs) if theirs else REQUEST_LIMIT
            cpu.target, cpu.met = "<= 1/4 of Linux, 29,500", _within(ours, limit)
        speed = [_get(both, side, key, "per_second") for side in ("ours", "linux")]
        rows += [cpu, Row(f"{what}: virtual time a request", "us",
                          *[1e6 / value if value else None for value in speed])]
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
    cheap = costs[0] <= share * costs[1] if None not in costs else None
    each = "a read" if size == 4096 else "a MiB"
    return [Row(f"{name}: throughput", "MB/s", *speeds, f">= {faster} x Linux", fast),
            Row(f"{name}: guest CPU {each}", "instructions", *costs,
                f"<= 1/{round(1 / share)} of Linux", cheap)]


def _streams(results: dict, mode: str) -> list[Row]:
    """TCP both ways and UDP packets, between dom0 and a guest that runs the same program."""
    ours, theirs = (_get(results, "tsc", mode, side, "streams") or {} for side in ("ours", "linux"))
    rows = []
    for way, what in (("in", "TCP in"), ("out", "TCP out")):
        both = [found.get(way) or {} for found in (ours, theirs)]
        speeds = [found["came"] * 1e3 / found["ns"] if "ns" in found else None for found in both]
        costs = [found["guest_ns"] / found["came"] if "ns" in found else None for found in both]
        rows += [Row(f"{what}: throughput", "MB/s", *speeds, ">= Linux",
                     None not in speeds and speeds[0] >= speeds[1]),
                 Row(f"{what}: guest CPU", "instructions a byte", *costs, "<= Linux",
                     None not in costs and costs[0] <= costs[1])]
    for way, what in (("echo", "UDP echo, 64 bytes, 64 on their way"),
                      ("flood", "UDP flood, frames of 60 bytes")):
        both = [found.get(way) or {} for found in (ours, theirs)]
        rates = [found["came"] * 1e6 / found["ns"] if "ns" in found else None for found in both]
        shares = [100 * found["came"] / found["wanted"] if "ns" in found else None
                  for found in both]
        costs = [found["guest_ns"] / found["came"] if found.get("came") else None for found in both]
        if way == "echo":
            rows.append(Row(f"{what}: packets", "1000/s", *rates, f">= {PACKET_FACTOR} x Linux",
                            None not in rates and rates[0] >= PACKET_FACTOR * rates[1]))
        rows += [Row(f"{what}: sent back", "%", *shares),
                 Row(f"{what}: guest CPU a packet", "instructions", *costs)]
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


HEAD = ["", "unit", "ours", "Linux", "ratio", "target", ""]


def as_text(results: dict) -> str:
    table = {heading: [cells(row) for row in rows] for heading, rows in groups(results).items()}
    lines = [line for rows in table.values() for line in rows] + [HEAD]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]

    def layout(line: list[str]) -> str:
        parts = [text.rjust(width) if 2 <= column <= 4 else text.ljust(width)
                 for column, (text, width) in enumerate(zip(line, widths))]
        return "  ".join(parts).rstrip()

    text = [layout(HEAD)]
    for heading, rows in table.items():
        text += ["", heading, *("  " + layout(line) for line in rows)]
    return "\n".join(text)


def as_markdown(results: dict) -> str:
    text = []
    for heading, rows in groups(results).items():
        text += [f"### {heading}", "", "| | unit | ours | Linux | ratio | target | |",
                 "| --- | --- | ---: | ---: | ---: | --- | --- |",
                 *("| " + " | ".join(cells(row)) + " |" for row in rows), ""]
    return "\n".join(text)
