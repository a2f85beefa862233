"""The beam explorer: its search against the package's, the page's against Python's."""

import numpy as np
import pytest
import torch
from pages import in_node

from course_utils.decoding import beam_search
from course_utils.models import Seq2SeqTransformer
from course_utils.text import BPETokenizer
from course_utils.widgets.beam_explorer import (
    LONGEST,
    PENALTIES,
    BeamExplorer,
    Search,
    Tree,
    share,
    tree_layout,
    tree_of,
)

# Greedy begins with "nimmt", and cannot make up for it.
TOM = {
    "": {"nimmt": 0.5, "trinkt": 0.4, "mag": 0.1},
    "nimmt": {"einen": 0.4, "kalten": 0.3, "Kaffee": 0.3},
    "trinkt": {"kalten": 0.6, "Kaffee": 0.4},
    "mag": {"kalten": 1.0},
    "nimmt einen": {"Kaffee": 1.0},
    "nimmt kalten": {"Kaffee": 1.0},
    "trinkt kalten": {"Kaffee": 1.0},
    "mag kalten": {"Kaffee": 1.0},
}
WIDEST = 5


@pytest.fixture(scope="module")
def tokenizer():
    text = "Tom drinks cold coffee and cold tea. Tom trinkt kalten Kaffee und kalten Tee."
    return BPETokenizer.train(text, 40, special=["<pad>", "<s>", "</s>"])


def small_model(tokenizer, seed):
    torch.manual_seed(seed)
    model = Seq2SeqTransformer(tokenizer.vocab_size, d_model=16, n_heads=2, n_layers=1, d_ff=32)
    torch.nn.init.normal_(model.embedding.tokens.weight, std=0.4)  # it has opinions
    return model.eval()


def found(explorer, width):
    search = Search(explorer.tree)
    kept = search.steps(width)[-1].kept
    return {explorer.texts[node]: search.totals[node] for node in kept}


def test_greedy_takes_the_bait_and_a_beam_of_two_does_not():
    explorer = BeamExplorer.by_hand(TOM, width=2)
    greedy, two = found(explorer, 1), found(explorer, 2)
    assert list(greedy) == ["nimmt einen Kaffee"]
    assert list(two) == ["trinkt kalten Kaffee", "nimmt einen Kaffee"]
    assert np.exp(list(two.values())) == pytest.approx([0.24, 0.2])
    assert "trinkt kalten Kaffee” (-1.43, probability 24 %)" in explorer.alt
    assert "Greedy finds “nimmt einen Kaffee” (-1.61, probability 20 %)" in explorer.alt


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_the_tree_holds_what_beam_search_finds(tokenizer, seed, width):
    model = small_model(tokenizer, seed)
    text = "Tom drinks cold coffee."
    start, eos = tokenizer.special_id("<s>"), tokenizer.special_id("</s>")
    wanted = beam_search(
        model.given(torch.tensor([tokenizer.encode(text)])),
        torch.tensor([[start]]),
        LONGEST,
        eos=eos,
        width=width,
        n_best=width,
        alpha=0.0,  # all must be searched to their end, as in the explorer
    )[0]
    tree = tree_of(model, tokenizer, text, widest=WIDEST)
    search = Search(tree)
    kept = search.steps(width)[-1].kept
    best = search.winner(kept, 0.0)
    assert tree.texts[best] == tokenizer.decode(wanted[0].ids)
    assert search.totals[best] == pytest.approx(wanted[0].log_probability, abs=1e-4)
    assert search.score(best, 0.6) == pytest.approx(
        wanted[0].log_probability / ((5 + len(wanted[0].ids)) / 6) ** 0.6, abs=1e-4
    )


def test_a_finished_sentence_keeps_its_place_and_is_drawn_as_a_dot():
    explorer = BeamExplorer.by_hand(
        {"": {"Nein": 0.5, "Ich": 0.5}, "Ich": {"will": 0.9, "mag": 0.1}, "Ich will": {"Tee": 1.0}},
        width=2,
    )
    search = Search(explorer.tree)
    steps = search.steps(2)
    no = explorer.texts.index("Nein")
    (end,) = [node for node in explorer.ends if explorer.parents[node] == no]
    assert [end in step.kept for step in steps] == [False, True, True, True]
    drawn = tree_layout(search, steps, search.path(steps[-1].kept[0]))
    assert [column for column, node, before in drawn.lines if node == before == end] == [3, 4]


def test_penalty_chooses_among_those_that_have_ended():
    table = {"": {"Ja": 0.3, "Ich": 0.7}, "Ich": {"trinke": 0.6, "mag": 0.4}}
    table |= {"Ich trinke": {"gern": 0.65, "nie": 0.35}, "Ich trinke gern": {"Tee": 1.0}}
    search = Search(BeamExplorer.by_hand(table, width=3).tree)
    kept = search.steps(3)[-1].kept
    short, long = search.winner(kept, 0.0), search.winner(kept, 2.0)
    assert search.depths[short] == 2 and search.depths[long] == 5


def test_page_searches_as_python_does(tmp_path, tokenizer):
    explorer = BeamExplorer.from_model(
        small_model(tokenizer, 4), tokenizer, "Tom drinks cold coffee.", widest=WIDEST
    )
    tree, widths = explorer.tree, range(1, WIDEST + 1)
    program = """
        const tree = { ...given, logProbabilities: Float32Array.from(given.log_probabilities) };
        const search = page.searchIn(tree);
        return given.widths.map((width) => {
          const steps = search.steps(width);
          const { kept } = steps.at(-1);
          const greedy = new Set(search.path(search.steps(1).at(-1).kept[0]));
          return [steps, given.shared.penalties.map((alpha) => search.winner(kept, alpha)),
            page.treeLayout(search, tree.parents, steps, greedy, given.shared)];
        });
    """
    given = {**tree._asdict(), "widths": list(widths), "shared": BeamExplorer.shared()}
    answers = in_node(tmp_path, BeamExplorer, program, given)
    search = Search(tree)
    for width, (steps, winners, boxes) in zip(widths, answers, strict=True):
        own = search.steps(width)
        assert [step["kept"] for step in steps] == [step.kept for step in own]
        assert [step["lost"] for step in steps] == [step.lost for step in own]
        assert winners == [search.winner(own[-1].kept, alpha) for alpha in PENALTIES]
        drawn = tree_layout(search, own, search.path(search.steps(1)[-1].kept[0]))
        places = {(box["column"], box["node"]): (box["column"], box["row"]) for box in boxes}
        assert places == {place: pytest.approx(at) for place, at in drawn.places.items()}
        assert {(b["column"], b["node"], b["before"]) for b in boxes[1:]} == set(drawn.lines)


def test_page_words_probabilities_as_python_does(tmp_path):
    numbers = [0.0, -0.05, -0.9, -2.2, -2.3, -2.4, -5.0, -7.5, -7.7, -40.0]
    page = in_node(tmp_path, BeamExplorer, "return given.map(page.share)", numbers)
    assert [text.replace("\u00a0", " ") for text in page] == [share(x) for x in numbers]
    wanted = "100 %, 95 %, 41 %, 11 %, 10 %, 9.1 %, 0.7 %, 0.1 %, under 0.1 %, under 0.1 %"
    assert ", ".join(share(x) for x in numbers) == wanted


def test_a_sentence_typed_in_the_page_grows_another_tree(tokenizer):
    explorer = BeamExplorer.from_model(small_model(tokenizer, 0), tokenizer, "Tom drinks.")
    before = explorer.tree
    explorer.text = "Tom drinks cold tea."
    assert explorer.tree != before and explorer.answered == 1 and not explorer.trouble
    kept = explorer.tree
    for trouble, says in (("", "nothing to translate"), ("Tom " * 30, "draws up to 24")):
        explorer.text = trouble
        assert says in explorer.trouble and explorer.tree == kept
    assert explorer.answered == 3


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"width": 0}, "1 ≤ width ≤ widest"),
        ({"width": 4, "widest": 3}, "got width 4 and widest 3"),
        ({"widest": 7}, "widest ≤ 6"),
        ({"step": 5, "width": 2}, "takes 4 steps here, got 5"),
        ({"length_penalty": 0.7}, "must be one of"),
    ],
)
def test_settings_out_of_range_are_named(settings, says):
    with pytest.raises(ValueError, match=says):
        BeamExplorer.by_hand(TOM, **settings)


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        (Tree([""], [""], [-1], [0.0], []), "no branch"),
        (Tree(["", "a"], ["", "a"], [-1, 1], [0.0, -1.0], []), "must come before"),
        (Tree(["", "a"], [""], [-1, 0], [0.0, -1.0], []), "as many"),
        (Tree(["", "a"], ["", "a"], [-1, 0], [0.0, np.nan], []), "log-probabilities are NaN"),
    ],
)
def test_a_tree_that_does_not_fit_is_refused(tree, says):
    with pytest.raises(ValueError, match=says):
        BeamExplorer(tree, widest=3)


@pytest.mark.parametrize("p", [-0.5, 60, float("nan")])
def test_what_is_no_probability_is_named(p):
    with pytest.raises(
        ValueError, match=f"after 'Tom', 'x' has the probability {p}: it is a share"
    ):
        BeamExplorer.by_hand({"": {"Tom": 1.0}, "Tom": {"x": p}})


def test_a_word_that_never_comes_is_left_out():
    with_none = BeamExplorer.by_hand({"": {"Tom": 1.0, "Mary": 0.0}})
    assert with_none.tree == BeamExplorer.by_hand({"": {"Tom": 1.0}}).tree
