# SPDX-License-Identifier: MIT
"""Debian packages without touching the system.

apt runs with a state folder of its own (no installed packages, its own lists) and a
sources list derived from the machine's: the same mirrors, the chosen suite, main.
So it resolves complete dependency trees; dpkg-deb and tar then unpack the archives into
a folder, and no maintainer script ever runs.  Works as any user.
"""

import hashlib
import os
import re
import subprocess
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

from .paths import APT, DEBS, SUITE
from .ui import HostError, say, step

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True)
class Package:
    """One archive to download: where from, the file name, size in bytes, checksum."""
    url: str
    file: str
    size: int
    checksum: str

    @property
    def name(self) -> str:
        return self.file.split("_", 1)[0]

    @property
    def path(self) -> Path:
        return DEBS / self.file


def _deb822_uris(text: str) -> Iterable[str]:
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if not line.startswith("#")]
        fields = dict(line.split(":", 1) for line in lines if re.match(r"[A-Za-z-]+:", line))
        if fields.get("Enabled", "yes").strip().lower() != "no":
            yield from fields.get("URIs", "").split()


def _oneline_uris(text: str) -> Iterable[str]:
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(\[[^]]*\]\s+)?(\S+)", line)
        if match:
            yield match.group(2)


def _machine_uris(etc: Path = Path("/etc/apt")) -> list[str]:
    """Mirrors of Debian that this machine uses, archive and security, in its order."""
    found: list[str] = []
    for file in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]:
        if not file.is_file():
            continue
        text = file.read_text(errors="replace")
        read = _deb822_uris if file.suffix == ".sources" else _oneline_uris
        found += read(text)
    path = re.compile(r"/debian(-security)?$")
    return list(dict.fromkeys(u.rstrip("/") for u in found
                              if path.search(urllib.parse.urlparse(u).path.rstrip("/"))))


def _write_sources() -> None:
    uris = _machine_uris()
    if not any(u.endswith("/debian") for u in uris):
        raise HostError("no Debian mirror in /etc/apt/sources.list*: this needs a Debian machine")
    if not KEYRING.exists():
        raise HostError(f"{KEYRING} is missing: apt-get install debian-archive-keyring")
    lines = []
    for uri in uris:
        suites = [SUITE.name, SUITE.name + "-updates"] if uri.endswith("/debian") else [SUITE.name + "-security"]
        lines += [f"deb [arch=amd64 signed-by={KEYRING}] {uri} {suite} main" for suite in suites]
    (APT / "sources.list").write_text("\n".join(lines) + "\n")


def _apt(*words: str, folder: Path = APT) -> str:
    """Run apt-get (or apt-cache) on the private state and return what it printed."""
    options = {
        "Dir::State": APT, "Dir::State::Lists": APT / "lists", "Dir::State::status": APT / "status",
        "Dir::Cache": APT / "cache", "Dir::Etc::SourceList": APT / "sources.list",
        "Dir::Etc::SourceParts": APT / "empty", "Dir::Etc::Preferences": APT / "none",
        "Dir::Etc::PreferencesParts": APT / "empty", "Dir::Log": APT / "log",
        "APT::Architecture": "amd64", "APT::Architectures": "amd64", "APT::Sandbox::User": "",
        "APT::Install-Recommends": "false", "Acquire::Languages": "none",
        "Acquire::ForceHash": "SHA256", "Acquire::Retries": "3", "Acquire::http::Timeout": "30",
    }
    command = [words[0], "-q"]
    for key, value in options.items():
        command += ["-o", f"{key}={value}"]
    result = subprocess.run(command + list(words[1:]), cwd=folder, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, "LC_ALL": "C"})
    if result.returncode != 0:
        lines = [line for line in result.stderr.splitlines() if line.startswith("E:")]
        raise HostError(f"{' '.join(words[:2])}: {(lines or ['failed'])[-1]} "
                        "(is the Debian mirror reachable?)")
    return result.stdout


def update() -> None:
    """Make the private apt state and fetch the package lists."""
    for folder in ("lists/partial", "cache/archives/partial", "empty", "log"):
        (APT / folder).mkdir(parents=True, exist_ok=True)
    (APT / "status").write_text("")
    _write_sources()
    with step(f"reading Debian {SUITE.debian}'s package lists"):
        _apt("apt-get", "update")


def resolve(names: Iterable[str], dependencies: bool = True) -> list[Package]:
    """Archives of the named packages, with all that they depend on unless told otherwise."""
    wanted = list(names)
    text = _apt("apt-get", "install", "-y", "--print-uris", *wanted)
    found = []
    for line in text.splitlines():
        match = re.match(r"'([^']+)' (\S+) (\d+) (\S*)$", line)
        if match:
            url, file, size, checksum = match.groups()
            found.append(Package(url, file, int(size), checksum))
    if not dependencies:
        found = [package for package in found if package.name in wanted]
    return found


def depends_on(name: str, pattern: str) -> str:
    """The first direct dependency of a package whose name matches the pattern."""
    for line in _apt("apt-cache", "depends", name).splitlines():
        match = re.match(r"\s+Depends: (\S+)$", line)
        if match and re.fullmatch(pattern, match.group(1)):
            return match.group(1)
    raise HostError(f"package {name} depends on nothing like {pattern}")


def _intact(package: Package) -> bool:
    if not package.path.is_file() or package.path.stat().st_size != package.size:
        return False
    kind, _, wanted = package.checksum.partition(":")
    if kind != "SHA256":
        return True
    return hashlib.sha256(package.path.read_bytes()).hexdigest() == wanted


def download(packages: Iterable[Package]) -> None:
    """Fetch the archives that are not here yet, with apt's own transports and checks."""
    missing = [package for package in packages if not _intact(package)]
    if not missing:
        return
    DEBS.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(missing), 20):
        part = missing[start:start + 20]
        size = sum(package.size for package in part)
        say(f"downloading packages {start + 1}-{start + len(part)} of {len(missing)} "
            f"({size / 1e6:.0f} MB) ...")
        _apt("apt-get", "download", *[_pinned(package) for package in part], folder=DEBS)
    broken = [package.file for package in missing if not _intact(package)]
    if broken:
        raise HostError(f"package {broken[0]} did not arrive whole: run the command again")


def _pinned(package: Package) -> str:
    version = urllib.parse.unquote(package.file).split("_")[1]
    return f"{package.name}={version}"


def unpack(package: Package, root: Path, excluded: Iterable[str] = ()) -> None:
    """Unpack one archive's files into root; symlinked folders there are followed."""
    source = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package.path],
                              stdout=subprocess.PIPE)
    tar = subprocess.run(["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", root,
                          *[f"--exclude={pattern}" for pattern in excluded]],
                         stdin=source.stdout, stderr=subprocess.PIPE, text=True)
    source.stdout.close()
    if source.wait() != 0 or tar.returncode != 0:
        raise HostError(f"cannot unpack {package.file}: {tar.stderr.strip()[:200]}")
