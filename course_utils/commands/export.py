"""`python -m course_utils export [LESSON…]`: notebooks as pages without a kernel or a network.

nbconvert with a template of the course's own (templates/attention_optional): pictures have their
words, explorers are their still pictures, formulas are MathML, which browsers and screen readers
know by themselves, and links lead from page to page.
"""

import re
from pathlib import Path

from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from course_utils import notebook, options
from course_utils.atomic import write_atomically
from course_utils.commands.refresh import select
from course_utils.environment.pins import constraints
from course_utils.paths import EXERCISES, NOTEBOOKS, ROOT, place_of
from course_utils.problem import Problem

TEMPLATES = Path(__file__).parent / "templates"
TO_A_NOTEBOOK = re.compile(r'(href="[^":]*)\.ipynb(?=["#])')


def main(arguments: list[str]) -> int:
    """The command: a page for each of the lessons and exercises; 0."""
    chosen = options.export().parse_args(arguments)
    exporter = LessonExporter()
    for path in select(chosen.lessons, folders=(NOTEBOOKS, EXERCISES)):
        page = chosen.out / path.relative_to(ROOT).with_suffix(".html")
        html = exporter.page(notebook.read(path.read_text(encoding="utf-8")), path.stem)
        try:
            write_atomically(page, html.encode("utf-8"))
        except OSError as error:
            raise Problem(
                f"{page} cannot be written: {error.strerror}. Name another folder with --out."
            ) from error
        print(f"{place_of(path)} → {page}")
    return 0


class Renderer(IPythonRenderer):
    """nbconvert's Markdown, with MathML where it leaves formulas to a script."""

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")


def mathml(formula: str, display: str) -> str:
    """A LaTeX formula as MathML; `display` is "inline" or "block".

    A Problem if latex2mathml, which makes it, is not installed.
    """
    try:
        from latex2mathml.converter import convert
    except ImportError:
        wanted = f"latex2mathml=={constraints(ROOT / 'constraints.txt')['latex2mathml']}"
        raise Problem(
            "export needs one more package, which makes MathML of the formulas: "
            f"run `python -m pip install {wanted}` in the course's environment, then run again."
        ) from None
    return convert(formula.strip(), display=display)


class LessonExporter(HTMLExporter):
    """Notebooks as HTML by the course's template. Its `page` is what this module is for."""

    def __init__(self, **settings):
        super().__init__(
            template_name="attention_optional",
            extra_template_basedirs=[str(TEMPLATES)],
            exclude_anchor_links=True,
            **settings,
        )

    def default_filters(self):
        yield from super().default_filters()
        yield "markdown2html", markdown2html

    def page(self, book: NotebookNode, title: str) -> str:
        """The notebook as HTML. Its live widgets are left out, their pictures stay."""
        notebook.normalize(book)
        html, _ = self.from_notebook_node(book, {"metadata": {"name": title}})
        return TO_A_NOTEBOOK.sub(r"\1.html", html)


def markdown2html(source: str) -> str:
    renderer = Renderer(escape=False, exclude_anchor_links=True)
    return MarkdownWithMath(renderer=renderer).render(source)
