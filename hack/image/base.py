"""Bases for images where no registry is: this machine's Debian with its Python, and a bare busybox."""

import platform
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

from image.tools import run
from sandbox.cache import make_once
from sandbox.errors import SandboxError
from sandbox.kept import cache_folder

PYTHON_BASE, BUSYBOX_BASE = "localhost/modelward-base-python:1", "localhost/modelward-base-busybox:1"
PACKAGES = ("python3", "python3-venv")
APPLETS = ("sh", "cat", "echo", "head", "httpd", "chmod", "sleep", "touch", "wget")
LEFT_OUT = ("doc", "man", "info", "locale")


def debootstrap_command(suite: str, tar: Path) -> list[str]:
    """Make a small Debian with Python; what is only read by people is left out."""
    without = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT]
    return ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", *without, suite, str(tar)]


def debian_release() -> str:
    """Name this machine's Debian: its mirror is the one that can be reached from here."""
    release = platform.freedesktop_os_release()
    if release.get("ID") != "debian" or not release.get("VERSION_CODENAME"):
        raise SandboxError(f"a base is made on Debian only, and this is {release.get('PRETTY_NAME', 'something else')}")
    return release["VERSION_CODENAME"]


def debian_tar(say: Callable[[str], None]) -> Path:
    """Return the file system of the base, made once."""
    suite = debian_release()

    def make(tar: Path) -> None:
        say(f"making a base of Debian {suite}: half a minute")
        run(debootstrap_command(suite, tar))

    return make_once(cache_folder() / f"debian-{suite}-{'-'.join(PACKAGES)}.tar", make)


def python_of(tar: Path) -> str:
    """Read which Python stands in a file system: `3.11`."""
    with tarfile.open(tar) as archive:
        names = (member.name.removeprefix("./") for member in archive)
        found = next((name for name in names if name.startswith("usr/bin/python3.") and "-" not in name), None)
    if found is None:
        raise SandboxError(f"no Python in {tar}")
    return found.removeprefix("usr/bin/python")


def busybox_tar(folder: Path) -> Path:
    """Write a file system that holds the static busybox under its applets' names, and /tmp."""
    program = shutil.which("busybox")
    if program is None:
        raise SandboxError("busybox is not installed")
    tar = folder / "busybox.tar"
    with tarfile.open(tar, "w") as archive:
        archive.add(program, "bin/busybox")
        for name in APPLETS:
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        for name in ("tmp", "etc", "proc", "dev", "sys"):
            place = tarfile.TarInfo(name)
            place.type, place.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            archive.addfile(place)
    return tar
