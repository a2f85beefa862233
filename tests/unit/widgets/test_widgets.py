"""What holds for every explorer and for the bet, told without a browser."""

import base64
import json
import os
import re
import shlex
import shutil
import subprocess

import numpy as np
import pytest
import torch
from explorer_examples import CHOICES, ENGLISH, EXAMPLES, GERMAN, TOKENS, a_bet, attention
from matplotlib.figure import Figure
from pages import leave_out, node

from course_utils import plots, progress, widgets
from course_utils.paths import ROOT
from course_utils.widgets import (
    AttentionExplorer,
    BeamExplorer,
    SamplingExplorer,
    SoftmaxExplorer,
)
from course_utils.widgets.beam_explorer import Tree
from course_utils.widgets.bet import Bet
from course_utils.widgets.explorer import LIB, page_hash, page_look, page_module

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(params=EXAMPLES.values(), ids=EXAMPLES)
def example(request):
    return request.param


@pytest.fixture
def explorer(example):
    return example()


def test_every_explorer_is_tested_here():
    offered = {name for name in widgets.__all__ if isinstance(getattr(widgets, name), type)}
    shown = {type(example()).__name__ for example in EXAMPLES.values()}
    missing = sorted(offered - shown)
    assert not missing, f"add to EXAMPLES in tests/unit/widgets/explorer_examples.py: {missing}"
    assert shown == offered


def test_every_widget_was_measured_in_a_browser_and_paints_in_time():
    results = json.loads((ROOT / "benchmarks/results/widgets.json").read_text(encoding="utf-8"))
    rows = results["results"]
    unmeasured = set(widgets.__all__) - {row["widget"] for row in rows}
    assert not unmeasured, f"add {unmeasured} to benchmarks/widgets.py and run it"
    assert all(row["events"] >= 30 and row["median_ms"] <= 50 for row in rows)
    assert {row["widget"] for row in rows if row["messages_to_the_kernel"]} <= {"bet"}


def test_no_page_has_changed_since_it_was_measured():
    results = json.loads((ROOT / "benchmarks/results/widgets.json").read_text(encoding="utf-8"))
    offered = {name: getattr(widgets, name) for name in widgets.__all__} | {"bet": Bet}
    changed = {
        row["widget"]
        for row in results["results"]
        if row.get("page") != page_hash(offered[row["widget"].split(",")[0]])
    }
    assert not changed, f"measure again: benchmarks/widgets.py {shlex.join(sorted(changed))}"


def test_a_page_s_hash_tells_every_change_of_what_it_is_made_of(tmp_path, monkeypatch):
    before = page_hash(AttentionExplorer)
    assert before == page_hash(AttentionExplorer) != page_hash(SoftmaxExplorer)
    lib = tmp_path / "lib"
    shutil.copytree(LIB, lib)
    (lib / "colors.js").write_text((lib / "colors.js").read_text() + "\n", encoding="utf-8")
    monkeypatch.setattr("course_utils.widgets.explorer.LIB", lib)
    monkeypatch.setattr(
        AttentionExplorer, "_esm", page_module(LIB.parent / "attention_explorer.js")
    )
    assert page_hash(AttentionExplorer) != before


def test_the_output_serves_a_live_page_a_stored_one_and_a_reader_who_listens(explorer):
    data, metadata = explorer._repr_mimebundle_()
    assert set(data) == {VIEW, "image/png", "text/plain"}
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"] == metadata["image/png"]["alt"] == explorer.alt
    assert metadata["image/png"]["width"] <= 700


def test_ipython_carries_the_words_in_the_metadata(explorer):
    from IPython.core.interactiveshell import InteractiveShell

    data, metadata = InteractiveShell.instance().display_formatter.format(explorer)
    assert VIEW in data
    assert metadata["image/png"]["alt"] == explorer.alt


def test_still_and_words_are_the_same_for_the_same_data(explorer, example, recwarn):
    again = example()
    assert isinstance(explorer.still(), Figure)
    assert plots.png(explorer.still()) == plots.png(again.still())
    assert explorer.alt == again.alt
    assert 80 < len(explorer.alt) < 700
    assert not re.search(r"0x[0-9a-f]{6}|object at", explorer.alt)
    assert not recwarn.list, [str(warning.message) for warning in recwarn.list]


def test_what_the_page_gets_is_one_module_that_asks_nobody(explorer):
    module = str(explorer._esm)
    assert "export default { render }" in module
    assert not re.search(r"^\s*import\b", module, re.MULTILINE)
    assert module.count("export default") == 1
    for stranger in ("http:", "https:", "fetch(", "XMLHttpRequest", "document.body", "innerHTML"):
        assert stranger not in module.replace("http://www.w3.org/2000/svg", ""), stranger


def test_modules_are_valid_in_the_page_and_as_files(explorer, tmp_path):
    page = tmp_path / "page.mjs"
    page.write_text(str(explorer._esm), encoding="utf-8")
    done = subprocess.run([node(), "--check", page], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr


def test_imports_are_resolved_from_lib_each_file_once(tmp_path):
    path = tmp_path / "some.js"
    path.write_text(
        'import { el } from "./lib/dom.js";\nimport { drawWords } from "./lib/attention.js";\n'
        "export default { render() { drawWords(); } };\n",
        encoding="utf-8",
    )
    module = page_module(path)
    assert "import" not in module
    assert module.count("function el(") == 1
    assert module.count("function paintCells(") == 1  # lib/attention.js takes it from lib/colors.js
    assert module.index("function paintCells(") < module.index("function drawWords(")


def test_the_page_reads_the_palette_of_the_figures():
    css = page_look()
    for color in (plots.BLUE, plots.ORANGE, plots.GREEN, *plots.ATTENTION_STOPS[1:]):
        assert color in css
    scripts = [path.read_text(encoding="utf-8") for path in LIB.glob("*.js")]
    assert not any(color in script for script in scripts for color in plots.COLORS)


def test_controls_keep_their_keys_from_jupyterlab():
    """Where lib/ does not make a control, the explorer that does hands it to keepKeys."""
    controls = r'(keepKeys\()?\bel\("(?:input|button|select|textarea)"'
    for script in [*LIB.glob("*.js"), *LIB.parent.glob("*.js")]:
        made = re.findall(controls, script.read_text(encoding="utf-8"))
        assert all(made), f"{script.name}: a control that JupyterLab would take the keys from"
        assert made or script.name not in ("dom.js", "bet.js", "attention_explorer.js")


# ---- attention


def test_weights_reach_the_page_as_they_are():
    weights = attention()
    explorer = AttentionExplorer(TOKENS, torch.tensor(weights, requires_grad=True))
    np.testing.assert_array_equal(explorer.table, weights.astype("float32"))
    assert explorer.shape == [2, 3]
    assert not explorer.can_read


@pytest.mark.parametrize("kind", ["bfloat16", "float16", "float64"])
def test_numbers_of_any_type_can_be_explored(kind):
    """NumPy knows no bfloat16: what a model in mixed precision gives is turned into float32."""

    def given(*shape):
        shares = torch.full(shape, 0.25, dtype=getattr(torch, kind), requires_grad=True)
        return shares * 1

    weights = AttentionExplorer(TOKENS, given(1, 1, 4, 4)).table
    logits = SamplingExplorer(["a"], given(1, 3), ["a", "b", "c"]).table
    scores = SoftmaxExplorer(["a", "b"], scores=given(2)).scores
    tree = Tree(["", "a", "b"], ["", "a", "b"], [-1, 0, 0], list(given(3)), [1, 2])
    beam = BeamExplorer(tree, widest=1, width=1).tree.log_probabilities
    for found in (weights, logits, scores, beam):
        assert np.unique(found).tolist() == [0.25]


def test_attention_in_words():
    weights = np.zeros((1, 1, 2, 2))
    weights[0, 0] = [[0.25, 0.75], [0.9, 0.1]]
    assert "a at b (75%), b at a (90%)" in AttentionExplorer(["a", "b"], weights).alt


def translation() -> np.ndarray:
    """One head, nine tenths of whose look go where the word is translated from."""
    weights = np.full((1, 1, 5, 6), 0.02)
    weights[0, 0, range(5), [0, 2, 4, 3, 5]] = 0.9
    return weights


def test_a_translation_is_looked_up_in_the_other_sentence():
    explorer = AttentionExplorer(GERMAN, translation(), ENGLISH, looker="trinken")
    assert (explorer.tokens, explorer.key_tokens) == (GERMAN, ENGLISH)
    np.testing.assert_array_equal(explorer.table, translation().astype("float32"))
    assert "5 tokens look at the 6 of another sentence (I have to drink coffee .). " in explorer.alt
    assert "“trinken” looks at drink 90%, I 2%, have 2%" in explorer.alt
    assert "muss at to (90%), Kaffee at coffee (90%), trinken at drink (90%)" in explorer.alt
    _, chosen = explorer.still().axes
    across = [label.get_text() for label in chosen.get_xticklabels()]
    down = [label.get_text() for label in chosen.get_yticklabels()]
    assert (down, across) == (GERMAN, ENGLISH)
    frame = chosen.patches[0]
    assert (*frame.get_xy(), frame.get_width()) == (-0.5, 2.5, 6)  # the row of "trinken"
    assert chosen.images[0].get_array().shape == (5, 6)


def test_one_sentence_looks_at_itself():
    explorer = AttentionExplorer(TOKENS, attention())
    assert explorer.key_tokens == TOKENS
    assert "another sentence" not in explorer.alt


def test_small_maps_of_two_sentences_keep_each_head_s_strongest_look():
    weights = attention(n=5, n_key=6)
    explorer = AttentionExplorer(GERMAN, weights, ENGLISH)
    overview = explorer.still().axes[0].images[0].get_array()
    assert overview.shape == (2 * (5 + 1), 3 * (6 + 1))  # a line of page after each map
    for layer in range(2):
        for head in range(3):
            small = overview[6 * layer : 6 * layer + 5, 7 * head : 7 * head + 6]
            most = weights[layer, head].max()
            np.testing.assert_allclose(small, weights[layer, head] / most, rtol=1e-5)


def test_the_still_shows_every_head_and_whom_the_looker_looks_at():
    explorer = AttentionExplorer(TOKENS, attention(), layer=1, head=2, looker="tom")
    overview, chosen = explorer.still().axes
    assert (overview.get_xlim(), overview.get_ylim()) == ((0, 3), (2, 0))  # 2 layers, 3 heads
    assert overview.patches[0].get_xy() == (2, 1)
    assert chosen.patches[0].get_xy() == (-0.5, 0.5)  # the row of "tom"
    most = TOKENS[attention()[1, 2, 1].argmax()]
    assert f"“tom” looks at {most}" in chosen.get_title(loc="left")
    assert f"“tom” looks at {most}" in explorer.alt


@pytest.mark.parametrize(
    "tokens, weights, where, says",
    [
        (TOKENS, attention()[0], {}, r"n_heads, n_query, n_key\], got shape \[3, 4, 4\]"),
        (TOKENS, attention()[..., :3], {}, "4 tokens that look at 3, .* 4 that look at 4. .*key_t"),
        (TOKENS[:3], attention(), {}, "of 4 tokens that look at 4, there are 3 that look at 3"),
        (GERMAN, attention(n=6, n_key=5), {"key_tokens": ENGLISH}, "6 .* at 5, .* 5 .* at 6"),
        (GERMAN, attention(n=5)[..., :0], {"key_tokens": []}, "no tokens"),
        (["a"], attention(1, 1, 1, 65), {"key_tokens": ["b"] * 65}, "65 tokens; .* up to 64"),
        (GERMAN, attention(n=5, n_key=6), {"key_tokens": ENGLISH, "looker": "I"}, "'I' is none"),
        ([], attention(n=0), {}, "no tokens"),
        (["a"] * 65, attention(1, 1, 65), {}, "65 tokens; .* up to 64"),
        (TOKENS, attention() * np.nan, {}, "NaN"),
        (TOKENS, attention() - 1, {}, "scores"),
        (TOKENS, attention(), {"layer": 2}, "no layer 2, head 0.*2 layers and 3 heads"),
        (TOKENS, attention(), {"head": -1}, "no layer 0, head -1"),
        (TOKENS, attention(), {"looker": "mary"}, "'mary' is none of the tokens .*'tom'"),
    ],
)
def test_attention_errors_name_what_was_given(tokens, weights, where, says):
    with pytest.raises(ValueError, match=says):
        AttentionExplorer(tokens, weights, **where)


class Model:
    """Reads words; too many of them are trouble, and so is the word that nobody says."""

    def attention(self, text):
        tokens = ["[CLS]", *text.split(), "[SEP]"]
        if "voldemort" in tokens:
            raise LookupError
        return tokens, torch.tensor(attention(n=len(tokens)))


def test_a_typed_sentence_is_read_and_comes_all_at_once():
    explorer = AttentionExplorer.from_model(Model(), "tom drinks", layer=1, head=2)
    assert (explorer.can_read, explorer.layer, explorer.head) == (True, 1, 2)
    explorer.text = "tom drinks cold coffee"
    assert explorer.tokens == ["[CLS]", "tom", "drinks", "cold", "coffee", "[SEP]"]
    assert explorer.table.shape == (2, 3, 6, 6)
    assert (explorer.trouble, explorer.answered) == ("", 1)
    assert "coffee at" in explorer.alt


class Translator:
    """Says every word twice; each of the two looks at the word that it was."""

    def attention(self, text):
        english = text.split()
        german = [word for word in english for _ in range(2)]
        return german, np.repeat(np.eye(len(english)), 2, axis=0)[None, None], english


def test_a_typed_sentence_is_translated_and_both_sides_come_at_once():
    explorer = AttentionExplorer.from_model(Translator(), "tom drinks")
    explorer.text = "tom drinks coffee"
    assert explorer.tokens == ["tom", "tom", "drinks", "drinks", "coffee", "coffee"]
    assert explorer.key_tokens == ["tom", "drinks", "coffee"]
    assert explorer.table.shape == (1, 1, 6, 3)
    assert "drinks at drinks (100%), coffee at coffee (100%)" in explorer.alt
    explorer.text = ""
    assert (explorer.trouble[-10:], explorer.answered) == ("no tokens.", 2)
    assert len(explorer.key_tokens) == 3


@pytest.mark.parametrize("text, says", [("word " * 100, "102 tokens"), ("voldemort", "LookupErr")])
def test_trouble_with_a_sentence_is_told_and_nothing_changes(text, says):
    explorer = AttentionExplorer.from_model(Model(), "tom drinks")
    explorer.text = text
    assert says in explorer.trouble
    assert explorer.tokens == ["[CLS]", "tom", "drinks", "[SEP]"]
    explorer.text = "tom"
    assert (explorer.trouble, explorer.answered) == ("", 2)


def test_the_real_model_can_be_looked_into():
    from course_utils.trained.minilm import load_minilm, weights_installed

    if not weights_installed():
        leave_out("the published weights are not installed")
    explorer = AttentionExplorer.from_model(load_minilm(), "Tom drinks cold coffee")
    assert explorer.shape == [6, 12]
    assert explorer.tokens == ["[CLS]", "tom", "drinks", "cold", "coffee", "[SEP]"]
    np.testing.assert_allclose(explorer.table.sum(-1), 1, atol=1e-5)


# ---- bet


@pytest.fixture
def nobody_yet(tmp_path, monkeypatch):
    monkeypatch.setitem(os.environ, "ATTENTION_OPTIONAL_HOME", str(tmp_path))


def test_a_stored_bet_says_it_all_without_a_kernel(nobody_yet):
    data, _ = a_bet()._repr_mimebundle_()
    page = data["text/html"]
    assert "What happens &amp; why?" in page
    assert "listens to the &lt;pads&gt;" in page and "<pads>" not in page
    question, answers = page.split("<details>")
    for choice, told in CHOICES.items():
        assert told in answers and told not in question
        assert choice.split(" <")[0] in question
    assert answers.index("Right:") > answers.index("Nothing")
    assert not re.search(r"color|style=", page), "it has to be legible in any theme"
    assert data["text/plain"].splitlines() == [
        "Place your bet: What happens & why?",
        "  ( ) Nothing",
        "  ( ) It listens to the <pads>",
    ]


def test_a_bet_is_kept_and_found_again(nobody_yet):
    first = a_bet()
    assert first.placed == -1
    first.placed = 0
    assert progress.bets() == {"03.pads": {"choice": "Nothing", "right": False}}
    assert a_bet().placed == 0


def test_the_first_bet_counts(nobody_yet):
    changed = a_bet()
    changed.placed = 0
    changed.placed = 1
    assert progress.bets()["03.pads"]["right"] is False
    assert a_bet().placed == 0


def test_a_placed_bet_does_not_change_what_is_stored_in_the_notebook(nobody_yet):
    before = a_bet()._repr_mimebundle_()[0]
    a_bet().placed = 1
    after = a_bet()._repr_mimebundle_()[0]
    for kind in ("text/plain", "text/html"):
        assert before[kind] == after[kind]


def test_a_bet_on_a_choice_that_is_gone_is_forgotten(nobody_yet):
    progress.record_bet("03.pads", "An older wording", True)
    assert a_bet().placed == -1


@pytest.mark.parametrize(
    "choices, answer, says",
    [
        ({"a": "so"}, "a", "at least two choices, got 1"),
        (CHOICES, "Never mind", "'Never mind' is none of the choices"),
        ({"a": "so", "b": "  "}, "a", "nothing to say to 'b'"),
    ],
)
def test_bet_errors_name_what_was_given(choices, answer, says):
    with pytest.raises(ValueError, match=f"'03.pads'.*{says}"):
        a_bet(choices=choices, answer=answer)
