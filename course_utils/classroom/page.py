"""What the classroom's pages share. They load nothing from outside: no script, font or picture."""

import html

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
pre { overflow-x: auto; padding: .6rem .8rem; border: 1px solid #8886; border-radius: 4px;
      font-size: .85rem; white-space: pre-wrap; }
table { border-collapse: collapse; } th, td { padding: .2rem .7rem; text-align: left;
      border-bottom: 1px solid #8884; vertical-align: top; } td.n { text-align: right; }
.said { border-left: 4px solid #D55E00; padding: .1rem .8rem; }
.said.passed { border-color: #009E73; }
.bar { display: inline-block; height: .8em; background: #0072B2; vertical-align: baseline; }
details { margin: .6rem 0; } summary { cursor: pointer; } .quiet { opacity: .75; }
.whole { white-space: nowrap; }
@media print {
  .bar { print-color-adjust: exact; } h2, h3 { break-after: avoid; } tr { break-inside: avoid; }
  details::details-content { content-visibility: visible; }
}
"""


def page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
        f"<title>{text(title)}</title><style>{STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def text(words: object) -> str:
    """Any text for a page; half characters, which no page can hold, as a question mark."""
    return html.escape(str(words).encode("utf-8", "replace").decode())


def lines(words: str) -> str:
    return "<br>".join(map(text, words.splitlines()))


def code(source: str, most: int = 6_000) -> str:
    cut = source if len(source) <= most else source[:most] + "\n…"
    return f"<pre>{text(cut)}</pre>"
