"""The glossary: the field's terms, from the lines with which lessons end, each with its lesson.

`refresh` writes it anew, to docs/glossary.md, when it has run any lesson.
"""

import re
from pathlib import Path

from course_utils import notebook
from course_utils.atomic import write_atomically
from course_utils.paths import NOTEBOOKS, ROOT

PAGE = ROOT / "docs" / "glossary.md"
BEGINS = "**To look it up:**"
OPENING = """# The field's words

What lessons call by their homely names, under the names by which it can be looked up. Written by
`python3 -m course_utils refresh` from the last lines of the lessons.

| term | lesson |
|---|---|
"""


def terms_of(markdown: str) -> list[str]:
    """The terms in italics on the line that begins with `BEGINS`, up to what is best read next."""
    for line in markdown.splitlines():
        if line.startswith(BEGINS):
            terms, _, _ = line.removeprefix(BEGINS).partition("Best read next")
            return re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", terms)
    return []


def page(folder: Path = NOTEBOOKS) -> str:
    """The glossary of all lessons, by the alphabet."""
    rows = []
    for path in sorted(folder.glob("*.ipynb")):
        book = notebook.read(path.read_text(encoding="utf-8"))
        prose = [cell.source for cell in book.cells if cell.cell_type == "markdown"]
        title = re.search(r"(?m)^# (.+)$", "\n".join(prose))[1]
        terms = [term for source in prose for term in terms_of(source)]
        rows += [(term, f"[{title}](../notebooks/{path.name})") for term in terms]
    together: dict[str, list[str]] = {}
    for term, lesson in sorted(rows, key=lambda row: row[0].casefold()):
        together.setdefault(term, []).append(lesson)
    lines = (f"| {term} | {', '.join(lessons)} |\n" for term, lessons in together.items())
    return OPENING + "".join(lines)


def write() -> None:
    write_atomically(PAGE, page().encode("utf-8"))
