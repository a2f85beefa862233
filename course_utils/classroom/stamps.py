"""When something was handed in, as names of folders and files of nbgrader say it."""

import contextlib
import datetime
import re

TIME_IN_NAME = re.compile(
    r"\d{4}-\d\d-\d\d[ T_]\d\d[:.\-_]\d\d[:.\-_]\d\d(?:\.\d+)?(?: ?[\w+\-:/]+)?"
)
OFFSETS = {"UTC": 0, "GMT": 0, "Z": 0, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3,
           "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "PST": -8, "PDT": -7}  # fmt: skip


def time_in(text: str | bytes) -> float | None:
    """The time that a name (or a timestamp.txt) states, as seconds since 1970; UTC if it says no
    zone. None if it states none."""
    if isinstance(text, bytes):
        text = text[:200].decode("utf-8", "replace")
    found = TIME_IN_NAME.search(text)
    if not found:
        return None
    numbers = [int(part) for part in re.findall(r"\d+", found[0][:19])]
    fraction = re.match(r"\.\d+", found[0][19:])
    zone = found[0][19 + (len(fraction[0]) if fraction else 0) :].strip()
    with contextlib.suppress(ValueError, OverflowError):
        utc = datetime.datetime(*numbers, tzinfo=datetime.UTC).timestamp()
        return utc + float(fraction[0] if fraction else 0) - _offset(zone)
    return None


def _offset(zone: str) -> float:
    """Seconds to the east of Greenwich: of +0200, +02:00, CEST or Europe/Berlin."""
    number = re.match(r"([+-])(\d\d):?(\d\d)", zone)
    if number:
        return (1.0 if number[1] == "+" else -1.0) * (int(number[2]) * 3600 + int(number[3]) * 60)
    return 3600.0 * OFFSETS.get(re.match(r"[A-Za-z]*", zone)[0].upper(), 0)
