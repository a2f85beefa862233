"""What every explorer shares: one output that serves a live page, a stored page and a test.

How to write an explorer called NAME:

1. `widgets/NAME.py`: a subclass of `Explorer` with its data as traitlets (`.tag(sync=True)`; large
   tables of numbers as `traitlets.Bytes` of little-endian float32), `still()`, which draws the
   same picture with `plots`, and `alt`, which says it in words. Check the arguments in `__init__`.
2. `widgets/NAME.js`: an ES module with `export default { render({ model, el }) … }`. It draws into
   `el` and touches nothing else but `model.get / set / on / save_changes`, so that the same file
   can later be mounted on a page without a kernel. What can be computed in the page is; what
   needs Python is asked by `asker` (lib/kernel.js) and answered by `_answer`, below.
3. A number that both files need (a slider's stops, a limit, a color) stands in Python alone:
   `shared` returns it, and the page finds it in `model.get("constants")`.
4. Take elements, sliders and colors from `widgets/lib/*.js` (`import { … } from "./lib/dom.js"`).
   Controls made there are labelled, and keep their arrow keys from JupyterLab; any other control
   goes through `keepKeys`. `rove` (lib/roving.js) goes through many things by arrow keys, `axes`
   (lib/axes.js) stands around a small curve, `percent` (lib/numbers.js) writes a share.
   `lib/attention.js` draws a head of any queries and keys, as words with lines or as a matrix.
5. A table of a megabyte or more is no traitlet: those are stored with the notebook. `large` returns
   it, and the page asks for it when it is shown (lib/large.js); that is one `model.send`. Where the
   page has nothing to show without it, a trait `stored` that is False says so, and a notebook that
   is opened again shows the still.
6. Put everything into an element of class "ao-explorer": it carries the course's look, and the
   theme of the page, light or dark. Controls in "ao-controls" stand in two columns where those
   fit; a picture that is not legible when narrow goes into an "ao-scroll"; "ao-wide" is for those
   that have two things to put side by side on a wide page. Cause and effect are seen on a screen
   900 pixels high, words have 12 pixels, and what is pressed 24. Leave room for the
   longest title, so that nothing moves from under the mouse.
7. A canvas is painted with colors of the theme: paint it again when `whenThemeChanges` says so.
   Elements that a slider or a hover changes are made once and changed in place.
8. Export the class in `widgets/__init__.py` and add one to `EXAMPLES` in
   `tests/unit/widgets/explorer_examples.py`: every exported explorer is held to these rules, and
   shown on a plain page. Add a test to `tests/browser/` and its events to `benchmarks/widgets.py`,
   and run that once more whenever the page has changed.
"""

import hashlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from matplotlib.figure import Figure

from course_utils import plots
from course_utils.widgets import shown

LIB = Path(__file__).parent / "lib"
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(?:lib/)?([a-z_]+\.js)";\n', re.MULTILINE)


def page_module(path: Path) -> str:
    """An explorer's module with what it imports from lib/ put in front of it.

    The page gets one text, from which nothing can be imported by a relative path; the files stay
    ordinary ES modules that can. No two files of lib/ may call different things by one name.
    """
    shared = {}
    source = _without_imports(path, shared)
    return "\n".join(part.replace("export ", "") for part in shared.values()) + source


def _without_imports(path: Path, shared: dict[str, str]) -> str:
    """The file's text; what it imports is put into `shared`, each before those that need it."""
    source = path.read_text(encoding="utf-8")
    for name in IMPORT.findall(source):
        if name not in shared:
            text = _without_imports(LIB / name, shared)
            shared[name] = text
    return IMPORT.sub("", source)


def page_hash(explorer: "type[Explorer]") -> str:
    """SHA-256 of the page's module as it is served, with what it takes from lib/."""
    return hashlib.sha256(str(explorer._esm).encode()).hexdigest()


def page_look() -> str:
    """The course's CSS: the palette of `plots`, then the rules of lib/look.css."""
    colors = {
        "blue": plots.BLUE,
        "orange": plots.ORANGE,
        "green": plots.GREEN,
        "pink": plots.PINK,
        "sky": plots.SKY,
    }
    for page, stops in (
        ("light", plots.ATTENTION_STOPS),
        ("dark", plots.ATTENTION_STOPS_IN_THE_DARK),
    ):
        _, colors[f"middle-on-{page}"], colors[f"full-on-{page}"] = stops
    palette = "".join(f"  --ao-{name}: {value};\n" for name, value in colors.items())
    return f".ao-explorer {{\n{palette}}}\n" + (LIB / "look.css").read_text(encoding="utf-8")


class Explorer(anywidget.AnyWidget):
    """Base of the explorers: live where a kernel runs, a still picture with words elsewhere."""

    _css = page_look()
    constants = traitlets.Dict().tag(sync=True)  # what `shared` says

    def __init_subclass__(cls, **kwargs):
        module = Path(sys.modules[cls.__module__].__file__).with_suffix(".js")
        if "_esm" not in cls.__dict__ and module.is_file():
            cls._esm = page_module(module)
        super().__init_subclass__(**kwargs)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.on_msg(self._send_large)

    @classmethod
    def shared(cls) -> dict[str, Any]:
        """Numbers that this side and the page both use. They stand here, and are sent once."""
        return {}

    @traitlets.default("constants")
    def _constants(self) -> dict[str, Any]:
        return self.shared()

    def large(self) -> tuple[dict[str, Any], bytes] | None:
        """What the page asks for once it is shown: what the bytes are, as JSON, and the bytes.

        It is sent as a message of its own, and so not stored with the notebook, as traitlets are.
        """
        return None

    def _send_large(self, _, content: Any, buffers: list) -> None:
        if content == {"ask": "large"} and (found := self.large()) is not None:
            about, data = found
            self.send({"large": about}, [data])

    def still(self) -> Figure:
        """The explorer as it opens, as a figure."""
        raise NotImplementedError(f"{type(self).__name__} needs a still() that draws it.")

    @property
    def alt(self) -> str:
        """The explorer as it opens, in words; the same words for the same data."""
        raise NotImplementedError(f"{type(self).__name__} needs an alt that says it in words.")

    def _answer(self, work: Callable[[], dict[str, Any]]) -> None:
        """Set the traits that `work` returns, all at once: the page must never see half an answer.

        For explorers in which one can type: they have the traits `trouble` (what went wrong, which
        is told in the page and not in the kernel) and `answered` (how many got an answer).
        """
        trouble, traits = "", {}
        try:
            traits = work()
        except Exception as error:  # whatever the model says, the reader should see
            trouble = str(error) or type(error).__name__
        with self.hold_sync():
            self.trouble = trouble
            for name, value in traits.items():
                setattr(self, name, value)
            self.answered += 1

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        live, live_metadata = self._live(**kwargs)
        picture, metadata = plots.picture(self.still(), self.alt)
        return live | picture, live_metadata | metadata

    def _live(self, **kwargs) -> tuple[dict, dict]:
        """The live part of the output. Opens an explorer again that was closed."""
        if self.comm is None:
            self.layout.open()
            self.open()
        shown.note(self)
        return super()._repr_mimebundle_(**kwargs) or ({}, {})

    def close(self) -> None:
        """Take it out of all pages and forget it, until it is shown again."""
        super().close()
        self.layout.close()
        for closed in (self, self.layout):  # ipywidgets takes their way to be shown from them
            closed.__dict__.pop("_repr_mimebundle_", None)
