"""The two files that `signalbox setup` leaves: the settings, and the private key of the App.

Both are for their owner alone from the moment they are made, and nothing is ever overwritten.
Their places are taken before GitHub hands the secrets out, since it does so only once.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from app.cli.saying import Refused

SETTINGS_FILE: Final = "signalbox.env"
KEY_FILE: Final = "signalbox.private-key.pem"
# More than a key or the settings take, so that a disk which is full is found out in time.
ROOM_BYTES: Final = 16 * 1024

# A shell, `docker run --env-file` and Compose agree on what these mean without quotes, and
# on little else: Docker keeps quotes, a shell and Compose take them off.
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
_HEADER: Final = (
    "# Written by `signalbox setup`. It holds secrets: keep it from others.\n"
    "# Values stand without quotes, so that a shell and Docker read them alike.\n"
)


def is_plain(value: str) -> bool:
    """Tell whether a value means the same to whatever reads the file of settings."""
    return _PLAIN.fullmatch(value) is not None


class Places:
    """Both files, made and still without content."""

    def __init__(self) -> None:
        self.is_filled = False
        self._opened: dict[Path, int] = {}

    def take(self, path: Path) -> None:
        """Make one file, for its owner alone, and room in it. Raises `Refused`."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        try:
            self._opened[path] = os.open(path, flags, 0o600)
            _write(self._opened[path], b"\n" * ROOM_BYTES)
        except FileExistsError as error:
            raise Refused(
                f"{path} is there already",
                "nothing is overwritten: move it away, or name another folder with --folder",
            ) from error
        except OSError as error:
            raise Refused(
                f"{path} cannot be written: {error.strerror}",
                "name a folder with --folder that this user may write to, and with room for it",
            ) from error

    def fill(self, settings: Mapping[str, str], private_key: str) -> None:
        """Write both, so that they last. Raises OSError."""
        lines = "".join(f"{name}={value}\n" for name, value in settings.items())
        key = private_key if private_key.endswith("\n") else f"{private_key}\n"
        for path, file in self._opened.items():
            text = key if path.name == KEY_FILE else _HEADER + lines
            _write(file, text.encode())
        self.is_filled = True

    def leave(self) -> None:
        """Close both files, and remove them if they were not filled."""
        for path, file in self._opened.items():
            with suppress(OSError):
                os.close(file)
            if not self.is_filled:
                with suppress(OSError):
                    path.unlink()


@contextmanager
def places_in(folder: Path) -> Iterator[Places]:
    """Take the places of both files; what is not filled is gone afterwards.

    Raises `Refused`.
    """
    places = Places()
    try:
        for name in (KEY_FILE, SETTINGS_FILE):
            places.take(folder / name)
        yield places
    finally:
        places.leave()


def _write(file: int, content: bytes) -> None:
    """Make this the whole content of a file, on disk."""
    os.lseek(file, 0, os.SEEK_SET)
    while content:
        content = content[os.write(file, content) :]
    os.ftruncate(file, os.lseek(file, 0, os.SEEK_CUR))
    os.fsync(file)
