# SPDX-License-Identifier: MIT
"""The command line: xenhost prepare | sh | test | run | gdb | clean."""

import argparse
import shutil
import sys

from . import state
from .gdb import debug_app
from .guesttest import TYPES, run_tests
from .host import Host, end_on_signals, to_terminal
from .paths import HOST
from .prepare import prepare
from .qemu import choose_machine
from .run import run_app
from .ui import HostError, say


def _prepare(options: argparse.Namespace) -> int:
    prepare()
    return 0


def _boot(options: argparse.Namespace) -> int:
    with state.ensured(choose_machine(options.icount)) as folder:
        say(f"booted state: {folder}")
    return 0


def _sh(options: argparse.Namespace) -> int:
    script = options.script if options.script is not None else sys.stdin.read()
    with Host(icount=options.icount, payload=options.payload) as host:
        status = host.sh(script, options.timeout, to_terminal)[0]
        if options.xen_log:
            say("the end of Xen's console:\n" + host.xen_log())
        return status


def _test(options: argparse.Namespace) -> int:
    types = TYPES if options.type == "both" else (options.type,) if options.type else ()
    return run_tests(options.names, types, options.jobs)


def _run(options: argparse.Namespace) -> int:
    return run_app(options.app, options.port)


def _gdb(options: argparse.Namespace) -> int:
    return debug_app(options.app, options.arguments)


def _clean(options: argparse.Namespace) -> int:
    shutil.rmtree(HOST, ignore_errors=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="xenhost", description="A Xen host in QEMU.")
    parser.add_argument("--icount", action="store_true",
                        help="count instructions as time (for measurements)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("prepare", help="make the host from Debian packages")
    command.set_defaults(call=_prepare)
    command = commands.add_parser("boot", help="also make the booted state")
    command.set_defaults(call=_boot)
    command = commands.add_parser("sh", help="run a bash script in dom0")
    command.add_argument("-c", dest="script", help="the script (else: standard input)")
    command.add_argument("-t", dest="timeout", type=float, default=120, help="seconds")
    command.add_argument("-x", dest="xen_log", action="store_true", help="show Xen's console")
    command.add_argument("payload", nargs="*", help="files to find in /payload")
    command.set_defaults(call=_sh)
    command = commands.add_parser("test", help="run guest tests (all, or those named)")
    command.add_argument("-j", dest="jobs", type=int, default=0,
                         help="hosts side by side (else: by processors and memory)")
    command.add_argument("--type", choices=(*TYPES, "both"),
                         help="of guests (else: what each test says)")
    command.add_argument("names", nargs="*", metavar="NAME")
    command.set_defaults(call=_test)
    command = commands.add_parser("run", help="run build/out/APP.elf by xl, console to here")
    command.add_argument("--port", type=int, default=8080, help="port of 127.0.0.1")
    command.add_argument("app", metavar="APP")
    command.set_defaults(call=_run)
    command = commands.add_parser("gdb", help="run build/out/APP.elf under gdb")
    command.set_defaults(call=_gdb)
    command.add_argument("app", metavar="APP")
    command.add_argument("arguments", nargs=argparse.REMAINDER, help="for gdb")
    command = commands.add_parser("clean", help="remove the host and all that it keeps")
    command.set_defaults(call=_clean)
    return parser


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    end_on_signals()
    try:
        return options.call(options)
    except (HostError, OSError) as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
