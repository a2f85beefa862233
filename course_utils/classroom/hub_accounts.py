"""Accounts of the hub demo: names that fit everywhere, passwords of which only hashes are kept.

Standard library only: this can be tried without a JupyterHub.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from course_utils.atomic import write_atomically
from course_utils.problem import Problem

TEACHER = "teacher"
MOST_USERS = 200
LONGEST_NAME = 32  # what useradd takes
NAME = re.compile(r"[a-z][a-z0-9_-]*")
# No letters or digits that are taken for one another when somebody types what was printed.
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
SCRYPT = {"n": 2**14, "r": 8, "p": 1}


def numbered(count: int) -> list[str]:
    """student01, student02, …: that many test users, at most MOST_USERS."""
    if not 1 <= count <= MOST_USERS:
        raise Problem(
            f"--users {count} cannot be had: the demo makes 1 to {MOST_USERS} test users."
        )
    width = max(2, len(str(count)))
    return [f"student{number:0{width}}" for number in range(1, count + 1)]


def checked(names: Sequence[str]) -> list[str]:
    """The names as given, if each can name a user, a folder and a submission; else a Problem.

    A name ends up in an address, in a path and in the name of a submission's folder, which
    nbgrader takes apart at each +. JupyterHub writes capitals small, so they are refused, too.
    """
    for name in names:
        if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            raise Problem(
                f"{name!r} cannot be a user's name: it has to begin with a small letter a–z and go "
                f"on with small letters, digits, - and _, at most {LONGEST_NAME} in all, such as "
                "ada or student01."
            )
        if name == TEACHER:
            raise Problem(f"{TEACHER!r} is the teacher's own name: give that student another.")
        if names.count(name) > 1:
            raise Problem(f"The name {name!r} is given twice: give each student one of their own.")
    return list(names)


def new_password() -> str:
    """Twelve letters in groups of four, 60 bits of chance: nobody guesses it, anybody types it."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(12))
    return "-".join(letters[at : at + 4] for at in (0, 4, 8))


def hashed(password: str) -> dict[str, str]:
    """What is kept of a password: salt and scrypt's digest, both in hexadecimal digits."""
    salt = secrets.token_bytes(16)
    return {"salt": salt.hex(), "digest": digest(password, salt)}


def digest(password: str, salt: bytes) -> str:
    return hashlib.scrypt(password.encode(), salt=salt, **SCRYPT).hex()


def fits(password: str, kept: dict[str, str] | None) -> bool:
    """Whether this is the password that was kept; False for a user of whom nothing is kept.

    Both take equally long, so that nobody learns from the clock which names exist.
    """
    known = kept or {"salt": "00" * 16, "digest": ""}
    found = digest(password, bytes.fromhex(known["salt"]))
    return secrets.compare_digest(found, known["digest"])


def save(passwords: dict[str, str], file: Path) -> None:
    """Keep the hashes of {name: password} in a file that its owner alone can read."""
    content = {name: hashed(password) for name, password in passwords.items()}
    write_atomically(file, (json.dumps(content, indent=1) + "\n").encode(), mode=0o600)


def load(file: Path) -> dict[str, dict[str, str]]:
    """{name: what is kept of the password}."""
    return json.loads(file.read_text(encoding="utf-8"))
