"""Formulas of the exercises as MathML, which browsers draw by themselves: nothing is loaded.

It knows the few commands that the exercises use; `UnknownCommand` names another one, and a test
asks for every formula there.
"""

import html
import re

SYMBOLS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε",
    "theta": "θ", "lambda": "λ", "mu": "μ", "pi": "π", "sigma": "σ", "tau": "τ", "omega": "ω",
    "cdot": "·", "times": "×", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠",
    "approx": "≈", "sum": "∑", "prod": "∏", "infty": "∞", "sqrt": "√", "in": "∈", "to": "→",
    "ldots": "…", "dots": "…", "cdots": "⋯", "pm": "±", "partial": "∂", "Sigma": "Σ",
    "|": "‖", "{": "{", "}": "}", "%": "%", "mid": "|",
}  # fmt: skip
NAMES = ("cos", "sin", "exp", "log", "ln", "max", "min", "softmax", "mod")
SPACES = {",": "0.17em", ";": "0.28em", ":": "0.22em", " ": "0.25em", "quad": "1em",
          "qquad": "2em", "!": "0em"}  # fmt: skip
PARTS = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|[A-Za-z]|\s+|.", re.DOTALL)


class UnknownCommand(ValueError):
    """A LaTeX command that this does not know."""


def to_mathml(formula: str, *, display: bool = False) -> str:
    """LaTeX as a <math> element."""
    reader = _Reader([part for part in PARTS.findall(formula) if not part.isspace()])
    content = reader.row(until=None)
    kind = ' display="block"' if display else ""
    return f"<math{kind}><mrow>{content}</mrow></math>"


class _Reader:
    def __init__(self, parts: list[str]):
        self.parts = parts[::-1]

    def row(self, until: str | None) -> str:
        items: list[str] = []
        while self.parts:
            part = self.parts.pop()
            if part == until:
                break
            if part in "^_":
                base = items.pop() if items else "<mrow></mrow>"
                items.append(self.script(part, base))
            else:
                items.append(self.one(part))
        return "".join(items)

    def script(self, kind: str, base: str) -> str:
        first = self.argument()
        if self.parts and self.parts[-1] in "^_" and self.parts[-1] != kind:
            self.parts.pop()
            low, high = (first, self.argument()) if kind == "_" else (self.argument(), first)
            return f"<msubsup>{base}{low}{high}</msubsup>"
        name = "msup" if kind == "^" else "msub"
        return f"<{name}>{base}{first}</{name}>"

    def argument(self) -> str:
        part = self.parts.pop() if self.parts else ""
        return f"<mrow>{self.row('}')}</mrow>" if part == "{" else self.one(part)

    def one(self, part: str) -> str:
        if part == "{":
            return f"<mrow>{self.row('}')}</mrow>"
        if part.startswith("\\"):
            return self.command(part[1:])
        if part[:1].isdigit():
            return f"<mn>{part}</mn>"
        if part.isalpha():
            return f"<mi>{part}</mi>"
        return f"<mo>{html.escape(part.replace('-', '−'))}</mo>"

    def command(self, name: str) -> str:
        if name in ("frac", "tfrac", "dfrac"):
            return f"<mfrac>{self.argument()}{self.argument()}</mfrac>"
        if name == "sqrt":
            return f"<msqrt>{self.argument()}</msqrt>"
        if name in ("text", "mathrm", "operatorname", "mathbf", "mathit"):
            return f"<mtext>{html.escape(self.raw())}</mtext>"
        if name in ("left", "right", "big", "Big"):
            part = self.parts.pop() if self.parts else "."
            return "" if part == "." else f"<mo>{html.escape(part.lstrip(chr(92)))}</mo>"
        if name in NAMES:
            return f"<mi>{name}</mi>"
        if name in SPACES:
            return f'<mspace width="{SPACES[name]}"/>'
        if name in SYMBOLS:
            return f"<mo>{SYMBOLS[name]}</mo>"
        raise UnknownCommand(f"\\{name} is no command that formulas.py knows")

    def raw(self) -> str:
        """The text in the braces that follow; spaces in it were lost on the way and are few."""
        text = ""
        if self.parts and self.parts.pop() == "{":
            while self.parts and (part := self.parts.pop()) != "}":
                text += part
        return text
