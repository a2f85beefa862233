"""A reviewer's list: the numbers in a lesson's prose that nothing on the page bears out.

    python tests/notebooks/unprinted.py 08    # one lesson; all without a number

A number is borne out where a cell of the lesson prints it (a picture's words count, and rounding
does), where its code says it, where another number of the same paragraph is what it was made of
(that is for the reviewer to see), or where the sentence links a source. Small whole numbers, years
and lessons are left out. It is a list to read, not a test: "two of three" needs no cell.
"""

import re
import sys
from collections.abc import Iterator

from house_rules import Page, without_code

from course_utils import notebook
from course_utils.commands import refresh
from course_utils.paths import NOTEBOOKS

NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?![\w])")
SMALL = 12  # counts in a sentence, up to here, need no cell
YEARS = range(1850, 2100)
REFERENCES = re.compile(r"(?m)^\*\*(?:Sources?|In the papers?|To look it up|Exercise|Next)\b.*$")


def numbers_of(text: str) -> list[str]:
    return [number.rstrip(",").replace(",", "") for number in NUMBER.findall(text)]


def borne_out(page: Page) -> set[str]:
    """Every number that a cell says or prints, and every shorter rounding of it."""
    texts = [cell.source for _, cell in page.code]
    texts += [text for _, cell in page.code for text in notebook.output_texts(cell)]
    found = set(numbers_of("\n".join(texts)))
    rounded = {
        f"{factor * float(number):.{digits}f}"
        for number in found
        for factor in (1, 100)
        for digits in range(4)
    }
    return found | rounded


def unprinted(page: Page) -> Iterator[tuple[int, str, str]]:
    """(cell, number, its sentence) for each number of the prose that the page does not show."""
    shown = borne_out(page)
    for cell, markdown in page.cells:
        if markdown.cell_type != "markdown":
            continue
        for sentence in re.split(r"(?<=[.?!:|])\s", REFERENCES.sub("", markdown.source)):
            if "](http" in sentence:
                continue
            for number in numbers_of(without_code(sentence)):
                whole = "." not in number
                if number in shown or whole and (int(number) <= SMALL or int(number) in YEARS):
                    continue
                yield cell, number, " ".join(sentence.split())


def main(names: list[str]) -> None:
    for path in refresh.select(names, folders=(NOTEBOOKS,)):
        print(path.stem)
        for cell, number, sentence in unprinted(Page.open(path)):
            print(f"  cell {cell}: {number:>9}   {sentence[:120]}")


if __name__ == "__main__":
    main(sys.argv[1:])
