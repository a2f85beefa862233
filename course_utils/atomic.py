"""Writing a file so that whoever looks finds the old one or the new one, never half of it."""

import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write `content` beside `path`, then put it in its place in one move.

    `mode` is who may read and write the new file; the default is everybody and the owner.

    A process that is killed, or a disk that fills up, leaves the old file as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())  # on the disk before the name points at it
        os.chmod(beside, mode)  # mkstemp keeps it from everybody else
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
