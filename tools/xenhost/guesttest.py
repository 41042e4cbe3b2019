# SPDX-License-Identifier: MIT
"""Runner of the guest tests, test/guest/NAME/run.sh.

Each test runs once for each guest type that it names, with the same image.  Several tests share a
resumed host, one after the other; with -j there are several hosts, and the longest tests come
first, as they took when they ran last, so that all hosts end at the same time.
After each test dom0 must be as it was on the fresh host: no domain, xenstore entry, backend, network
link, loop device, mount or process more or less (dom0's inventory.py); what is left fails the test.
A host on which a test failed is not used again.

    test/guest/NAME/run.sh     runs in dom0; in its head "# timeout: SECONDS" is optional, and so is
                               "# types: TYPE..." (both, without it); it is told ROUNDS, an environment variable (0: the usual run)
    test/guest/NAME/payload    optional: files of build/out, one a line (patterns allowed);
                               without it: NAME.elf, NAME.cfg, and NAME.img if there
    test/guest/NAME/after      optional: runs on this machine when run.sh has succeeded, in a new
                               folder with the files that run.sh left in keep/; $ROOT is the
                               tree, $OUT is build/out
"""

import json
import os
import queue
import re
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import state
from .executor import TIMED_OUT
from .host import Host
from .paths import GUEST_TESTS, OUT, ROOT, SUITE, TEST_LOGS
from .payload import Entry
from .qemu import choose_machine
from .ui import HostError, say

TYPES = ("pvh", "pv")               # of guests, as a cfg's type= names them
TIMEOUT = 360                       # seconds, unless run.sh says otherwise: for hangs alone
ROUNDS = int(os.environ.get("ROUNDS") or 0)     # more rounds, of tests that have rounds
ROUND_TIMEOUT = 120                 # seconds for each
TAIL = 40                           # lines of a failed test's log that are shown
HOST_KIB = 1536 << 10               # memory that a host takes
MOST_HOSTS = 6
SLOWEST = 8                         # tests that are named at the end

BEFORE = """
rm -f /var/log/xen/console/*.log /var/log/xen/xl-*.log
cd /payload/test && TYPE={type} ROUNDS={rounds} bash -c '. ./lib.sh; . ./run.sh'
"""

CONSOLES = """
for log in /var/log/xen/console/*.log; do
    [ -f "$log" ] || continue
    name=${log##*/}
    echo "---- console of ${name%.log}"
    cat "$log"
done
"""

# A question to dom0's control process: its answer is the output.
ASK = """
exec 3<>/dev/tcp/127.0.0.1/990
echo "{question}" >&3
read -r -t 60 answer <&3
echo "$answer"
"""
SETTLE_SECONDS = 10                 # for what a test leaves to go away

TIMES = TEST_LOGS / "times.json"    # what each test took when it last passed


@dataclass
class GuestTest:
    """One test folder, the type of its guests, and what it brings into dom0."""
    name: str
    type: str
    timeout: float = TIMEOUT
    files: list[Entry] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return TEST_LOGS / f"{self.label}.log"

    @property
    def label(self) -> str:
        return f"{self.name}.{self.type}"


def _in_head(name: str, what: str) -> str | None:
    """The value of a line "# WHAT: VALUE" in the head of a test's script."""
    script = GUEST_TESTS / name / "run.sh"
    if not script.is_file():
        known = ", ".join(_all_names()) or "none"
        raise HostError(f"no guest test {name}: there are {known}")
    found = re.search(rf"^# *{what}: *(.*)", script.read_text()[:2000], re.M)
    return found.group(1) if found else None


def _types(name: str) -> tuple[str, ...]:
    """The guest types that a test is for, when nobody says otherwise."""
    named = tuple((_in_head(name, "types") or " ".join(TYPES)).split())
    if not set(named) <= set(TYPES):
        raise HostError(f"{name}/run.sh: unknown types: {' '.join(named)}")
    return named


def _load(name: str, guest_type: str) -> GuestTest:
    folder = GUEST_TESTS / name
    test = GuestTest(name, guest_type)
    test.timeout = float(_in_head(name, "timeout") or TIMEOUT)
    test.files = [(file.resolve(), file.name) for file in sorted(folder.iterdir())
                  if not file.name.startswith(".")]
    test.files += [(file, str(file.relative_to(OUT))) for file in _payload(folder)]
    test.files.append((GUEST_TESTS / "lib.sh", "lib.sh"))
    return test


def _payload(folder: Path) -> list[Path]:
    listed = folder / "payload"
    name = folder.name
    if not listed.is_file():
        image = [f"{name}.img"] if (OUT / f"{name}.img").exists() else []
        return [_built(pattern)[0] for pattern in [f"{name}.elf", f"{name}.cfg", *image]]
    lines = [line.split("#")[0].strip() for line in listed.read_text().splitlines()]
    return [file for line in lines if line for file in _built(line)]


def _built(pattern: str) -> list[Path]:
    found = sorted(OUT.glob(pattern))
    if not found:
        raise HostError(f"build/out/{pattern} is not built: make {pattern.partition('.')[0]}")
    return found


def _all_names() -> list[str]:
    return sorted(file.parent.name for file in GUEST_TESTS.glob("*/run.sh"))


def _read_times() -> dict[str, float]:
    try:
        return json.loads(TIMES.read_text())
    except (OSError, ValueError):
        return {}


def _longest_first(tests: list[GuestTest]) -> list[GuestTest]:
    """By the last time of each; without one, a test whose head has a timeout of its own is long."""
    times = _read_times()

    def length(test: GuestTest) -> float:
        return times.get(test.label, 0 if test.timeout == TIMEOUT else test.timeout)

    return sorted(tests, key=length, reverse=True)


def _hosts() -> int:
    """How many hosts this machine carries. A test waits for half of its time, so there are more of
    them than processors."""
    memory = re.search(r"^MemAvailable: *(\d+) kB", Path("/proc/meminfo").read_text(), re.M)
    room = int(memory.group(1)) // HOST_KIB if memory else 1
    processors = len(os.sched_getaffinity(0))
    return max(1, min(processors + (processors + 1) // 2, room, MOST_HOSTS))


class Runner:
    """Runs tests from a queue, on as many hosts as there are workers."""

    def __init__(self, tests: list[GuestTest]) -> None:
        self.tests = tests
        self.waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(len(tests)):
            self.waiting.put(number)
        self.failed = 0
        self.times: dict[str, float] = {}           # of tests that passed
        self.stop = threading.Event()
        self.printing = threading.Lock()

    def work(self) -> None:
        """One worker: takes tests until there are none left."""
        host = None
        try:
            while not self.stop.is_set():
                try:
                    number = self.waiting.get_nowait()
                except queue.Empty:
                    return
                host = self._one(host, number)
        except SystemExit:
            return
        finally:
            if host is not None:
                host.close()

    def _one(self, host: Host | None, number: int) -> Host | None:
        """Run one test; returns the host if it can be used again."""
        test = self.tests[number]
        start = time.monotonic()
        busy = 0.0
        problem = ""
        with open(test.log, "wb", buffering=0) as log:
            try:
                if host is None:
                    host = Host(archives=[t.files for t in self.tests])
                    host.wake_on(self.stop.is_set)
                    self._control(host, "mark")
                    start = time.monotonic()
                busy = host.busy()
                host.mark_xen_log()
                problem = self._in_host(host, number, test, log)
            except (HostError, OSError) as error:
                problem = str(error)
                log.write(f"---- {error}\n".encode())
            if self.stop.is_set():
                return host
            if problem and host is not None:
                log.write(f"---- the end of Xen's console\n{host.xen_log(60)}\n".encode())
        self._report(test, problem, time.monotonic() - start, host.busy() - busy if host else 0)
        if problem and host is not None:
            host.close()
            host = None
        return host

    def _in_host(self, host: Host, number: int, test: GuestTest, log) -> str:
        """Returns what went wrong, "" if nothing."""
        host.unpack(number, "/payload/test")
        script = BEFORE.format(type=test.type, rounds=ROUNDS)
        status, output = host.sh(script, test.timeout + ROUNDS * ROUND_TIMEOUT, log.write)
        problem = ""
        if status == TIMED_OUT:
            problem = f"not done within {test.timeout:.0f} s"
        elif status != 0:
            lines = re.findall(r"^FAIL: (.*)", output, re.M)
            problem = lines[0] if lines else f"status {status}"
        elif (GUEST_TESTS / test.name / "after").exists():
            problem = self._after(host, test, log)
        log.write(f"---- test ended: {problem or 'passed'}\n".encode())
        host.sh("rm -rf /payload/test" + CONSOLES, 120, log.write)
        left = self._control(host, f"left {SETTLE_SECONDS}")
        if left:
            log.write(f"---- left behind: {left}\n".encode())
        return problem or (left and f"left behind: {left[:200]}")

    @staticmethod
    def _control(host: Host, question: str) -> str:
        """The answer of dom0's control process."""
        answer = host.sh(ASK.format(question=question), 120)[1].strip()
        if not answer.startswith("+"):
            raise HostError(f"dom0's control process: {answer}")
        return answer[1:]

    @staticmethod
    def _after(host: Host, test: GuestTest, log) -> str:
        """Run the test's last part on this machine; what went wrong, "" if nothing."""
        with tempfile.TemporaryDirectory(prefix="guesttest-") as folder:
            host.fetch("/payload/test/keep", Path(folder))
            try:
                done = subprocess.run([GUEST_TESTS / test.name / "after"], cwd=folder, text=True,
                                      env={**os.environ, "ROOT": str(ROOT), "OUT": str(OUT)},
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, timeout=test.timeout)
            except subprocess.TimeoutExpired:
                return f"after: not done within {test.timeout:.0f} s"
        log.write(b"---- after, on this machine\n" + done.stdout.encode())
        if done.returncode == 0:
            return ""
        lines = re.findall(r"^FAIL: (.*)", done.stdout, re.M)
        return "after: " + (lines[0] if lines else f"status {done.returncode}")

    def _report(self, test: GuestTest, problem: str, seconds: float, busy: float) -> None:
        line = f"{test.name:20} {test.type:3} {seconds:6.1f} s, busy {busy:5.1f} s"
        with self.printing:
            if not problem:
                self.times[test.label] = round(seconds, 1)
                print(f"ok   {line}", flush=True)
                return
            self.failed += 1
            print(f"FAIL {line}  {problem}", flush=True)
            lines = test.log.read_text(errors="replace").splitlines()
            for line in lines[-TAIL:]:
                print(f"     | {line}")
            print(f"     whole log: {test.log}", flush=True)


    def summary(self, seconds: float) -> None:
        """Keep the times for the next run's order, and name the longest."""
        TIMES.write_text(json.dumps({**_read_times(), **self.times}, indent=1, sort_keys=True))
        longest = sorted(self.times.items(), key=lambda item: item[1], reverse=True)[:SLOWEST]
        if len(self.times) > SLOWEST:
            print("slowest: " + ", ".join(f"{label} {took:.0f} s" for label, took in longest))
        print(f"guest: {len(self.times)} passed, {self.failed} failed, in {seconds:.0f} s on "
              f"Xen {SUITE.xen}", flush=True)


def run_tests(names: list[str], types: tuple[str, ...], jobs: int) -> int:
    """Run the named tests, or all, under each of the types, or their own; the exit status."""
    tests = [_load(name, guest_type) for name in (names or _all_names())
             for guest_type in (types or _types(name))]
    if not tests:
        raise HostError("there are no guest tests in test/guest")
    TEST_LOGS.mkdir(parents=True, exist_ok=True)
    with state.ensured(choose_machine(icount=False)):
        pass                        # made here, where Ctrl-C can end it
    start = time.monotonic()
    runner = Runner(_longest_first(tests))
    workers = [threading.Thread(target=runner.work, daemon=True)
               for _ in range(min(jobs or _hosts(), len(tests)))]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            while worker.is_alive():
                worker.join(0.5)
    except BaseException:
        runner.stop.set()
        say("stopping")
        for worker in workers:
            worker.join(60)
        raise
    runner.summary(time.monotonic() - start)
    return 0 if len(runner.times) == len(tests) else 1
