"""What stands in the course's documents: their links, commands and paths, and what is wrong there.

Each of `dead_links`, `lost_paths`, `lost_names` and `bad_commands` takes a text and says what a
reader would stumble over, a line each.
"""

import contextlib
import functools
import io
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from course_utils.classroom import command as class_command
from course_utils.commands.command_line import COMMANDS
from course_utils.paths import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("classroom/*.md")]
TREES = ("benchmarks", "classroom", "course_utils", "docs", "exercises", "notebooks", "solutions",
         "tests")  # fmt: skip
HANDS_ON = {"start": {"--extra-index-url"}, "test": {"-k"}}  # options of pip and of pytest
OURS = re.compile(r"^(?:\.venv/bin/python|python3?|py) -m course_utils(?= |$)")
# Names that stand for others, and the file that a learner writes.
PLACEHOLDER = re.compile(r"(?<![A-Za-z])(?:NN|NAME|TASK|STUDENT)(?![A-Za-z])|^my_mixer\.py$")


def texts() -> dict[str, str]:
    """{place: Markdown} of all documents, and of the notebooks' prose."""
    found = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in DOCUMENTS}
    for path in [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("solutions/*/*.ipynb")]:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        prose = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        found[str(path.relative_to(ROOT))] = "\n\n".join(prose)
    return found


# Links


def dead_links(path: Path, text: str) -> Iterator[str]:
    """Links to files and to headings that are not there. `path` is where the text lies."""
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(text)):
        file, _, anchor = target.partition("#")
        if ":" in file:
            continue  # an address; nothing here asks the network
        there = (path.parent / file) if file else path
        if file and not there.exists():
            yield f"{target}: there is no {file}"
        elif anchor and anchor not in anchors(text if not file else there.read_text("utf-8")):
            yield f"{target}: no heading is called so"


def anchors(markdown: str) -> set[str]:
    """As they are made of headings where Markdown is shown."""
    headings = re.findall(r"(?m)^#+ (.+)$", without_code(markdown))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def without_code(markdown: str) -> str:
    return re.sub(r"(?s)```.*?```|`[^`]*`", "", markdown)


# Paths


def lost_paths(text: str) -> Iterator[str]:
    """File names in backticks that no file of the course ends with."""
    for span in code_spans(text):
        is_path = re.fullmatch(r"[\w./-]+\.(?:py|md|js|json|txt|toml|yml|yaml|ipynb)", span)
        if is_path and not PLACEHOLDER.search(span) and not is_here(span):
            yield f"`{span}`: there is no such file"


def is_here(place: str) -> bool:
    if place.startswith("../"):
        return False
    return (ROOT / place).exists() or any(one.endswith(f"/{place}") for one in tree())


@functools.cache
def tree() -> tuple[str, ...]:
    return tuple(
        path.relative_to(ROOT).as_posix()
        for name in TREES
        for path in (ROOT / name).rglob("*.*")
        if "__pycache__" not in path.parts
    )


def lost_names(text: str) -> Iterator[str]:
    """Python's and JavaScript's names in backticks that stand nowhere in the code."""
    for span in code_spans(text):
        name = re.fullmatch(r"([A-Za-z_]\w{2,})(?:\(.*\)|=.*)?", span)
        if name and not PLACEHOLDER.search(span) and name[1] not in words_of_code():
            yield f"`{span}`: there is no such name"


@functools.cache
def words_of_code() -> frozenset[str]:
    places = [ROOT / one for one in tree() if one.endswith((".py", ".js", ".service"))]
    places += [ROOT / "pyproject.toml", ROOT / "conftest.py", ROOT / "nbgrader_config.py"]
    source = (path.read_text(encoding="utf-8", errors="replace") for path in places)
    return frozenset(word for text in source for word in re.findall(r"\w+", text))


# Commands


def code_spans(text: str) -> list[str]:
    """What stands in backticks, in one line each, outside of fenced code."""
    unfenced = re.sub(r"(?s)```.*?```", "", text)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", unfenced)]


def lines_of_code(text: str) -> list[str]:
    """Lines that are indented by four, and those of fenced code."""
    fenced = "\n".join(re.findall(r"(?s)```\w*\n(.*?)```", text))
    indented = re.findall(r"(?m)^    (\S.*)$", re.sub(r"(?s)```.*?```", "", text))
    return [line.strip() for line in [*indented, *fenced.splitlines()]]


def commands(text: str) -> list[str]:
    """Every call of the course, without its Python and what a shell or a reader adds."""
    pieces = [
        piece.partition(" #")[0].strip()
        for line in [*code_spans(text), *lines_of_code(text)]
        for piece in line.split("&&")
    ]
    called = [OURS.sub("", piece).strip() for piece in pieces if OURS.match(piece)]
    short = [piece for piece in pieces if is_short(piece)]
    return [one.replace(" …", "") for one in [*called, *short] if one]


def is_short(piece: str) -> bool:
    """`reproduce sparse`, `class grade --again` or `grade --again`: an option or a name follows."""
    first, _, rest = piece.partition(" ")
    known = first in COMMANDS or first in class_command.COMMANDS
    return known and re.match(r"--?\w|[\w/.]+(?: |$)", rest) is not None


def bad_commands(text: str) -> Iterator[str]:
    """Calls that the command's own parser refuses. Nothing is run."""
    for call in commands(text):
        complaint = refused(shlex.split(call))
        if complaint:
            yield f"{call}: {complaint}"


def refused(words: list[str]) -> str | None:
    """What the parser says against it; None if it takes it, or only misses what was not named."""
    if words == ["--help"]:
        return None
    name, *arguments = words
    if name not in COMMANDS and name in class_command.COMMANDS:
        name, arguments = "class", words
    if name not in COMMANDS:
        return f"there is no command {name}"
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            chosen, others = COMMANDS[name].parser().parse_known_args(arguments)
    except SystemExit as left:
        complaint = said.getvalue().strip().rpartition("error: ")[2]
        is_unfinished = "arguments are required" in complaint or "expected one arg" in complaint
        return None if left.code == 0 or is_unfinished else complaint
    return handed_on_wrongly(name, others)


def handed_on_wrongly(name: str, others: list[str]) -> str | None:
    """What goes to pip or pytest: an option and its value, or a path that is there."""
    left = iter(others)
    for word in left:
        if word in HANDS_ON.get(name, ()):
            next(left)
        elif name != "test" or not (ROOT / word).exists():
            return f"unknown: {word}"
    return None
