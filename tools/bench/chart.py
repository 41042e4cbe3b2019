# SPDX-License-Identifier: MIT
"""The SVG chart: panels of paired horizontal bars, ours above Linux'; each has its own scale."""

from html import escape

from .report import Row, groups, number

WIDTH, LABEL, BAR = 860, 330, 380   # of the chart, of the labels' column, of the longest bar
ROW, TITLE, GAP = 46, 34, 14
COLOURS = {"ours": "#1f77b4", "linux": "#c9a227"}
TEXT = "font-family='DejaVu Sans, Verdana, sans-serif' fill='#222'"

# Panels: title, the row of the table by its heading's start and its name.
PANELS = [
    ("Guest CPU an HTTP request (612 bytes), thousands of instructions", 1e-3, [
        ("keep-alive, tsc default", "default", "keep-alive: guest CPU a request"),
        ("keep-alive, tsc native", "native", "keep-alive: guest CPU a request"),
        ("one connection each, tsc default", "default",
         "one connection a request: guest CPU a request"),
        ("one connection each, tsc native", "native",
         "one connection a request: guest CPU a request")]),
    ("xl create to the first HTTP answer, ms of virtual time", 1, [
        ("tsc default", "default", "xl create to the first HTTP answer"),
        ("tsc native", "native", "xl create to the first HTTP answer")]),
    ("Sequential disk read, 1 MiB at a time, MB/s", 1, [
        ("tsc default", "default", "disk in memory, sequential read: throughput"),
        ("tsc native", "native", "disk in memory, sequential read: throughput")]),
    ("Guest CPU of that, thousands of instructions a MiB", 1e-3, [
        ("tsc default", "default", "disk in memory, sequential read: guest CPU"),
        ("tsc native", "native", "disk in memory, sequential read: guest CPU")]),
]


def _find(results: dict, mode: str, name: str) -> Row | None:
    for heading, rows in groups(results).items():
        if heading.endswith(f"= {mode}"):
            return next((row for row in rows if row.name == name), None)
    return None


def _text(x: float, y: float, text: str, size: int = 13, extra: str = "") -> str:
    return f"<text x='{x:.0f}' y='{y:.0f}' font-size='{size}' {TEXT} {extra}>{escape(text)}</text>"


def _bar(y: float, value: float, most: float, side: str) -> list[str]:
    length = max(1.5, BAR * value / most)
    return [f"<rect x='{LABEL}' y='{y:.0f}' width='{length:.1f}' height='15' rx='2' "
            f"fill='{COLOURS[side]}'/>", _text(LABEL + length + 6, y + 12, number(value), 12)]


def _panel(y: float, title: str, scale: float, rows: list[tuple[str, Row]]) -> list[str]:
    values = [value for _, row in rows for value in (row.ours, row.linux) if value is not None]
    most = max(values, default=0) * scale or 1
    parts = [_text(24, y + 20, title, 14, "font-weight='bold'")]
    for index, (label, row) in enumerate(rows):
        top = y + TITLE + index * ROW
        parts.append(_text(LABEL - 12, top + 20, label, 13, "text-anchor='end'"))
        for offset, side, value in ((0, "ours", row.ours), (18, "linux", row.linux)):
            if value is not None:
                parts += _bar(top + offset, value * scale, most, side)
    parts.append(f"<line x1='{LABEL}' x2='{LABEL}' y1='{y + TITLE - 4}' "
                 f"y2='{y + TITLE + len(rows) * ROW - 8}' stroke='#888'/>")
    return parts


def make(results: dict) -> str:
    """The chart's SVG text."""
    y, parts = 92, []
    for title, scale, wanted in PANELS:
        rows = [(label, row) for label, mode, name in wanted if (row := _find(results, mode, name))]
        if rows:
            parts += _panel(y, title, scale, rows)
            y += TITLE + len(rows) * ROW + GAP
    key = []
    for x, side, label in ((24, "ours", "Xenolith httpd / diskload"),
                           (260, "linux", "Debian Linux with nginx / diskload")):
        key += [f"<rect x='{x}' y='58' width='15' height='15' rx='2' fill='{COLOURS[side]}'/>",
                _text(x + 22, 70, label)]
    return "\n".join([
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{y}' "
        f"viewBox='0 0 {WIDTH} {y}'>",
        f"<rect width='{WIDTH}' height='{y}' fill='#fdfdfb'/>",
        _text(24, 34, "PVH guests on Xen in QEMU, one instruction = 1 ns", 18,
              "font-weight='bold'"),
        *key, *parts, "</svg>", ""])
