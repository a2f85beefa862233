"""The house rules that every notebook keeps, each as a function that says where it is broken.

A rule takes a `Page` and yields a complaint for each place: "cell 7: 31 lines, more than a screen".
Cells are counted from 1 over all cells, as the refresh command counts them. `test_house_rules.py`
breaks each rule on purpose; `test_lessons.py` holds the real notebooks against all of them.
"""

import ast
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils import notebook
from course_utils.checks.dashboard import MINUTES
from course_utils.commands import glossary

SCREEN = 25  # lines of a code cell
INTERRUPTIONS = 3  # of the reader, at least
YES_OR_NO = r"(?i)same|equal|agree|match|close|alike"  # the questions that True answers
BARE = 3  # other lines that say True or False, at most
# Fitted to the times that eight readers of lessons 03 to 12 took; they lie within a quarter of it.
WORDS_A_MINUTE, LINES_A_MINUTE, LONGEST = 70, 13, 45
IN_WORDS = {minutes: words for words, minutes in MINUTES.items()}
UNCHECKED = {notebook.VOLATILE, "nbval-skip"}  # tags of cells that nbval does not compare

Complaints = Iterator[str]
Rule = Callable[["Page"], Complaints]


@dataclass(frozen=True)
class Page:
    """One notebook and its place in the course."""

    path: Path
    text: str

    @classmethod
    def open(cls, path: Path) -> "Page":
        return cls(path, path.read_text(encoding="utf-8"))

    @cached_property
    def notebook(self) -> NotebookNode:
        return notebook.read(self.text)

    @property
    def cells(self) -> list[tuple[int, NotebookNode]]:
        return list(enumerate(self.notebook.cells, 1))

    @property
    def code(self) -> list[tuple[int, NotebookNode]]:
        return [(number, cell) for number, cell in self.cells if cell.cell_type == "code"]

    @property
    def prose(self) -> list[tuple[int, str]]:
        """The markdown cells' text without code, formulas and the addresses of links."""
        return [
            (number, without_code(cell.source))
            for number, cell in self.cells
            if cell.cell_type == "markdown"
        ]

    @property
    def links(self) -> list[tuple[int, str]]:
        return [
            (number, target)
            for number, cell in self.cells
            if cell.cell_type == "markdown"
            for target in re.findall(r"\]\(([^)\s]+)[^)]*\)", without_fences(cell.source))
        ]


def without_fences(markdown: str) -> str:
    return re.sub(r"(?ms)^(```+|~~~+).*?^\1\s*$", "", markdown)


def without_code(markdown: str) -> str:
    spans = r"`+[^`]+`+|\$\$.+?\$\$|\$[^$\n]+\$|(?<=\])\([^)]*\)|https?://\S+"
    return re.sub(spans, " ", without_fences(markdown), flags=re.DOTALL)


def nodes_of(cell: NotebookNode) -> list[ast.AST]:
    """The cell's syntax; nothing where it has none."""
    try:
        return list(ast.walk(ast.parse(cell.source)))
    except SyntaxError:
        return []


def calls(cell: NotebookNode) -> set[str]:
    """The last names of everything that a cell calls: {"bet", "manual_seed", …}."""
    called = [node.func for node in nodes_of(cell) if isinstance(node, ast.Call)]
    return {getattr(function, "attr", getattr(function, "id", "")) for function in called}


# Rules for every notebook


def is_in_normal_form(page: Page) -> Complaints:
    """Format 4.5 with ids, kernel python3, and what else `refresh` writes."""
    try:
        nbformat.validate(page.notebook)
    except nbformat.ValidationError as error:
        yield f"is no valid notebook: {str(error).splitlines()[0]}"
        return
    again = notebook.read(page.text)
    if "widgets" in again.metadata:
        yield "holds widget state in its metadata"
    for number, cell in page.code:
        if any(notebook.WIDGET_VIEW in output.get("data", {}) for output in cell.outputs):
            yield f"cell {number}: a live widget in a stored output"
    if again.metadata.get("kernelspec", {}).get("name") != "python3":
        yield f"has the kernel {again.metadata.get('kernelspec', {}).get('name')!r}, not python3"
    notebook.normalize(again)
    if notebook.to_text(again) != page.text:
        yield "is not as `python -m course_utils refresh` writes it: run that"


def was_run_in_order(page: Page) -> Complaints:
    for expected, (number, cell) in enumerate(page.code, 1):
        if not cell.source.strip():
            yield f"cell {number}: an empty code cell"
        if cell.execution_count != expected:
            yield f"cell {number}: execution count {cell.execution_count}, expected {expected}"


def holds_no_error(page: Page) -> Complaints:
    for number, cell in page.code:
        if "raises-exception" in cell.metadata.get("tags", []):
            continue
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"cell {number}: a stored {output.ename}"


def fits_on_a_screen(page: Page) -> Complaints:
    for number, cell in page.code:
        lines = len(cell.source.splitlines())
        if lines > SCREEN:
            yield f"cell {number}: {lines} lines, more than a screen ({SCREEN})"


def pictures_are_told_in_words(page: Page) -> Complaints:
    """`show` and the explorers store the same sentence as alternative text and as plain text."""
    for number, cell in page.code:
        for output in cell.outputs:
            for kind in output.get("data", {}):
                if not kind.startswith("image/"):
                    continue
                alt = output.metadata.get(kind, {}).get("alt", "")
                if len(alt.split()) < 3:
                    yield f"cell {number}: a picture with the alternative text {alt!r}"
                elif output.data.get("text/plain") != alt:
                    yield f"cell {number}: a picture that came neither from show() nor an explorer"
            if "<img" in str(output.get("data", {}).get("text/html", "")):
                yield f"cell {number}: a picture in HTML, where show() would tell it in words"
    for number, cell in page.cells:
        if cell.cell_type == "markdown" and re.search(r"!\[\s*\]\(", cell.source):
            yield f"cell {number}: a picture in the text without alternative text"


def uses_plain_python(page: Page) -> Complaints:
    """No magics and no pyplot: a lesson's cell works the same in a file."""
    for number, cell in page.code:
        for line in cell.source.splitlines():
            if re.match(r"\s*[%!]", line) or re.search(r"\bget_ipython\b", line):
                yield f"cell {number}: a magic, {line.strip()!r}"
            if re.search(r"\bpyplot\b|\bplt\.show\b|\bmatplotlib\.use\b", line):
                yield f"cell {number}: {line.strip()!r}, where plots.figure and show() belong"


def names_no_machine(page: Page) -> Complaints:
    """Neither this machine's paths and hosts, nor where its packages came from."""
    for number, found in notebook.local_traces(page.notebook):
        yield f"cell {number}: its output names a place of a machine, {found!r}"
    registries = (
        r"[\w.-]*\b(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|anaconda\.(?:org|com))"
    )
    for number, cell in page.code:
        for text in notebook.output_texts(cell):
            for found in re.findall(registries, text):
                yield f"cell {number}: its output names a package registry, {found!r}"


def is_silent_on_stderr(page: Page) -> Complaints:
    for number, cell in page.code:
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                first_line = next(iter(output.text.strip().splitlines()), "")
                yield f"cell {number}: writes to stderr, {first_line!r}"


def prints_no_addresses(page: Page) -> Complaints:
    for number, cell in page.code:
        for text in notebook.output_texts(cell):
            for found in re.findall(r"\S+ at 0x[0-9a-fA-F]+", text):
                yield f"cell {number}: its output has an address in memory, {found!r}"


def is_mostly_comparable(page: Page) -> Complaints:
    """At most one in ten of the cells that show something is left out of nbval's comparison."""
    showing = [(number, cell) for number, cell in page.code if cell.outputs]
    volatile = [number for number, cell in showing if is_unchecked(cell)]
    if 10 * len(volatile) > len(showing):
        yield f"{len(volatile)} of {len(showing)} outputs are not compared: cells {volatile}"


def is_unchecked(cell: NotebookNode) -> bool:
    comment = re.search(r"(?m)^\s*#\s*(NBVAL_IGNORE_OUTPUT|NBVAL_SKIP)\s*$", cell.source)
    return bool(comment) or bool(UNCHECKED & set(cell.metadata.get("tags", [])))


def bounds_what_is_about(page: Page) -> Complaints:
    """A number behind ≈ is not compared, so its cell asserts the bound that the text relies on."""
    for number, cell in page.code:
        shows_one = any("≈" in text for text in printed_texts(cell))
        if shows_one and not any(isinstance(node, ast.Assert) for node in nodes_of(cell)):
            yield f"cell {number}: a number behind ≈, and no assert says what it is held to"


def prints_numbers(page: Page) -> Complaints:
    """True or False answers whether two things are the same; readers come for the number."""
    bare = [
        (number, line.strip())
        for number, cell in page.code
        for text in printed_texts(cell)
        for line in text.splitlines()
        if re.search(r"\b(?:True|False)\b", line) and not re.search(YES_OR_NO, line)
    ]
    if len(bare) > BARE:
        yield f"{len(bare)} lines say True or False where a number was the point: {bare}"


def printed_texts(cell: NotebookNode) -> Iterator[str]:
    """What a cell prints or returns, as plain text; not the words beside its pictures."""
    for output in cell.outputs:
        data = output.get("data", {})
        pictured = any(kind.startswith("image/") for kind in data)
        yield output.get("text", "") or ("" if pictured else data.get("text/plain", ""))


def is_seeded(page: Page) -> Complaints:
    """Whoever draws random numbers has seeded the generator, in that cell or before it."""
    drawing = {"rand", "randn", "randint", "randperm", "normal", "multinomial", "shuffle", "choice"}
    drawing |= {"Linear", "Embedding", "Attention", "Encoder", "MultiheadAttention", "sample"}
    seeding = {"manual_seed", "seed", "default_rng", "Random"}
    for number, cell in page.code:
        called = calls(cell)
        if called & seeding:
            return
        if called & drawing:
            yield f"cell {number}: {', '.join(sorted(called & drawing))} before any seed"
            return


def is_finished(page: Page) -> Complaints:
    unfinished = r"\b(?:TODO|FIXME|XXX|TBD|[Ll]orem ipsum|[Cc]oming soon|[Pp]laceholder)\b"
    for number, cell in page.cells:
        for found in re.findall(unfinished, cell.source):
            yield f"cell {number}: {found!r}"


def speaks_plainly(page: Page) -> Complaints:
    """The words and turns that talk down to a reader, or only announce."""
    talk = r"\b(?:simply|obviously|just|clearly|as we all know|in this section we will)\b"
    talk += r"|\bgreat question\b"
    for number, text in page.prose:
        for found in re.findall(talk, " ".join(text.split()), flags=re.IGNORECASE):
            yield f"cell {number}: the text says {found!r}"


def has_no_emoji(page: Page) -> Complaints:
    for number, cell in page.cells:
        everything = "\n".join([cell.source, *notebook.output_texts(cell)])
        for found in re.findall("[\u2615\ufe0f\U0001f000-\U0001faff]", everything):
            yield f"cell {number}: {found!r} (U+{ord(found):04X})"


def links_lead_somewhere(page: Page) -> Complaints:
    for number, target in page.links:
        place, _, anchor = target.partition("#")
        if re.match(r"https?://|mailto:|attachment:", target):
            continue
        if place.startswith("/") or not (page.path.parent / place).exists():
            yield f"cell {number}: the link {target!r} leads nowhere"
        elif not place and anchor not in anchors(page):
            yield f"cell {number}: no heading for the link {target!r}"


def anchors(page: Page) -> set[str]:
    """How JupyterLab names the headings: their text, with hyphens for spaces."""
    headings = re.findall(r"(?m)^#+ +(.+?)\s*$", "\n".join(source_of_prose(page)))
    return {heading.replace(" ", "-") for heading in headings}


def source_of_prose(page: Page) -> list[str]:
    return [cell.source for _, cell in page.cells if cell.cell_type == "markdown"]


# Rules for lessons


def opens_with_a_question(page: Page) -> Complaints:
    opening = source_of_prose(page)[:2]
    if not opening or not opening[0].startswith("# "):
        yield "cell 1: no title"
    if "?" not in " ".join(opening):
        yield "cell 1: no question that somebody would ask"


def minutes(page: Page) -> float:
    """How long a lesson takes to read: its words, the code that is not folded, its bets."""
    words = sum(len(words_to_read(text).split()) for _, text in page.prose)
    open_cells = [cell for _, cell in page.code if not is_folded(cell)]
    lines = sum(bool(line.strip()) for cell in open_cells for line in cell.source.splitlines())
    bets = sum("bet" in calls(cell) for _, cell in page.code)
    return words / WORDS_A_MINUTE + lines / LINES_A_MINUTE + bets


def words_to_read(markdown: str) -> str:
    """Without what is there to come back to: what is folded, tables of links, sources."""
    unfolded = re.sub(r"(?s)<details>.*?</details>", " ", markdown)
    references = r"(?m)^\*\*(?:Sources?|In the papers?|To look it up)\b.*$"
    return re.sub(references, " ", unfolded)


def is_folded(cell: NotebookNode) -> bool:
    return cell.metadata.get("jupyter", {}).get("source_hidden", False)


def says_its_time(page: Page) -> Complaints:
    """The opening names the minutes, rounded up to five, and no lesson has more than 45."""
    needed = minutes(page)
    if needed > LONGEST:
        yield f"takes {needed:.0f} minutes, {LONGEST} at most: cut, or fold what comes second"
    rounded = min(LONGEST, 5 * math.ceil(needed / 5))
    opening = source_of_prose(page)[:1]
    if not opening or f"*{IN_WORDS[rounded]}." not in opening[0]:
        yield f"cell 1: takes {needed:.0f} minutes; say “*{IN_WORDS[rounded]}.” in the opening"


def places_a_bet(page: Page) -> Complaints:
    if not any("bet" in calls(cell) for _, cell in page.code):
        yield "has no bet"


def is_interrupted(page: Page) -> Complaints:
    quotes = len(
        re.findall(r"(?m)(?:^|(?<=\n\n))(?:>.*(?:\n|$))+", "\n\n".join(source_of_prose(page)))
    )
    if quotes < INTERRUPTIONS:
        yield f"the reader interrupts {quotes} times, {INTERRUPTIONS} at least are wanted"


def announces_one_coffee(page: Page) -> Complaints:
    """One paragraph says "a coffee" (or the, your, for coffee; or begins a sentence with it) and
    how long it lasts. The running sentence's coffee has no article and no length."""
    coffee = r"(?:\b(?:a|one|the|your|for) coffee|(?:^|[.!?*] ?)Coffee)\b"
    announced = [
        number
        for number, text in page.prose
        for paragraph in re.split(r"\n\s*\n", text)
        if re.search(coffee, paragraph)
        and re.search(r"(?i)\bseconds\b|\bminutes\b|\b(?:a|one) minute\b", paragraph)
    ]
    if len(announced) != 1:
        wanted = (
            "one is wanted, where a cell takes longest, such as “a coffee: this takes 8 seconds”"
        )
        yield f"announces {len(announced)} coffees with their length (cells {announced}); {wanted}"


def ends_with_a_recap(page: Page) -> Complaints:
    for name, pattern in {"recap": r"so what|recap", "sources": r"sources?|papers?"}.items():
        heading = rf"(?im)^(?:#+ .*|\*\*)\b(?:{pattern})\b"
        if not any(re.search(heading, source) for source in source_of_prose(page)):
            yield f"has no {name}: a heading or a bold beginning of a line that says so"


def says_what_to_look_up(page: Page) -> Complaints:
    """A line with three to nine of the field's terms, in italics, for the glossary."""
    lines = [source for source in source_of_prose(page) if glossary.terms_of(source)]
    terms = [term for source in lines for term in glossary.terms_of(source)]
    if not 3 <= len(terms) <= 9:
        wanted = f"3 to 9 are wanted on a line that begins with “{glossary.BEGINS}”"
        yield f"has {len(terms)} terms to look up; {wanted}"


def leads_on(page: Page) -> Complaints:
    """The last cell links to the lesson's exercise and to the next lesson, as far as they exist.

    From an appendix it leads back to the first lesson.
    """
    number, last = page.cells[-1]
    targets = {target for where, target in page.links if where == number}
    lessons = sorted(page.path.parent.glob("[0-9][0-9]_*.ipynb"))
    start = lessons.index(page.path) + 1 if page.path in lessons else 0
    following = lessons[start:][:1]
    name = page.path.stem
    wanted = [path.name for path in following]
    if (page.path.parent.parent / "solutions" / name).exists():
        wanted.append(f"../exercises/{name}/{name}.ipynb")
    for target in wanted:
        if target not in targets:
            yield f"cell {number}: the last cell has no link to {target}"


def says_nothing_twice(page: Page) -> Complaints:
    """No paragraph of ten words or more stands in a notebook a second time."""
    seen: dict[str, int] = {}
    for number, text in page.prose:
        for paragraph in re.split(r"\n\s*\n", text):
            same = " ".join(paragraph.split())
            if len(same.split()) >= 10 and seen.setdefault(same, number) != number:
                yield f"cell {number}: “{same[:50]} …” stands in cell {seen[same]} already"


FOR_EVERY_NOTEBOOK: tuple[Rule, ...] = (
    is_in_normal_form,
    was_run_in_order,
    holds_no_error,
    fits_on_a_screen,
    pictures_are_told_in_words,
    uses_plain_python,
    names_no_machine,
    is_silent_on_stderr,
    prints_no_addresses,
    is_mostly_comparable,
    bounds_what_is_about,
    is_seeded,
    is_finished,
    speaks_plainly,
    says_nothing_twice,
    has_no_emoji,
    links_lead_somewhere,
)
FOR_LESSONS: tuple[Rule, ...] = (
    opens_with_a_question,
    places_a_bet,
    is_interrupted,
    announces_one_coffee,
    ends_with_a_recap,
    says_its_time,
    prints_numbers,
    says_what_to_look_up,
    leads_on,
)
