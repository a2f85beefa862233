"""The explorers of lessons 01 to 04: Python's side, and the page's arithmetic held against it."""

import numpy as np
import pytest
from pages import in_node

from course_utils import plots
from course_utils.text import BPETokenizer, CharTokenizer
from course_utils.widgets import (
    AttentionExplorer,
    BakeoffExplorer,
    BPEExplorer,
    EmbeddingExplorer,
    MixingMap,
    PositionExplorer,
    SamplingExplorer,
    SoftmaxExplorer,
    SpectrumExplorer,
)
from course_utils.widgets.bpe_explorer import label, number_merges
from course_utils.widgets.position_explorer import sinusoid
from course_utils.widgets.softmax_explorer import softmax, steepest_slope, words_heard

CORPUS = (
    "Tom drinks cold coffee because he is tired. Tom trinkt kalten Kaffee, weil er müde ist. "
    "The colder the coffee, the tireder Tom; don't we'll they're cold-hearted 1999 2000 2001? "
    "Größe, Größe, größer! 咖啡 咖啡 ☕ ☕ 😀😀😀   naïve café\n\n  coffees and offices\n"
) * 3
STRINGS = [
    "",
    " ",
    "Tom drinks cold coffee",
    "Tom drinks cold coffee because he is tired.",
    "don't we'll they're 'sss 'llama I'd x's",
    "  two  blanks   three \n\n lines\t\ttabs \n",
    "Größe ist naïve, café, 咖啡 ☕😀👩‍👩‍👧 🇩🇪",
    "e\u0301 combining, ² ½ Ⅷ ٣ digits, snake_case __init__ _x",
    "a\u00a0b\u2003c\u3000d\x1ce\x85f\ufeffg\u200bh",
    "aaaaaaa ababab hehehehe",
    "(((...!!!??? ---> £5 €6 100%",
]


@pytest.fixture(scope="module")
def tokenizer():
    return BPETokenizer.train(CORPUS, 200)


# ---- byte-pair encoding

CUT = """
  const { ranks } = page.readMerges(Int32Array.from(given.merges));
  return given.strings.map((text) => {
    const removed = page.removedBy(text, ranks);
    return given.stops.map((n) => page.pieceSpans(removed, n));
  });
"""


def spans(tokenizer, text, n_merges):
    lengths = [len(tokenizer.vocabulary[i]) for i in tokenizer.encode(text, n_merges=n_merges)]
    ends = np.cumsum(lengths, dtype=int).tolist()
    return [[end - n, end] for end, n in zip(ends, lengths, strict=True)]


def test_page_cuts_as_python_does_at_every_number_of_merges(tmp_path, tokenizer):
    stops = list(range(len(tokenizer.merges) + 1))
    merges = number_merges(tokenizer.merges).ravel().tolist()
    given = {"merges": merges, "strings": STRINGS, "stops": stops}
    cut = in_node(tmp_path, BPEExplorer, CUT, given)
    for text, by_stop in zip(STRINGS, cut, strict=True):
        for n, found in zip(stops, by_stop, strict=True):
            assert found == spans(tokenizer, text, n), (text, n)


def test_page_and_python_agree_where_two_merges_spell_one_token(tmp_path):
    # In "abcd" the last merge makes "abc", and only then can the one before it act.
    pairs = [("b", "c"), ("a", "b"), ("ab", "c"), ("abc", "d"), ("a", "bc")]
    tokenizer = BPETokenizer([(left.encode(), right.encode()) for left, right in pairs])
    strings = ["xabcd", "abcabcd", "abc xabc", "abcd"]
    stops = list(range(len(tokenizer.merges) + 1))
    numbers = number_merges(tokenizer.merges).ravel().tolist()
    given = {"merges": numbers, "strings": strings, "stops": stops}
    for text, by_stop in zip(strings, in_node(tmp_path, BPEExplorer, CUT, given), strict=True):
        assert by_stop == [spans(tokenizer, text, n) for n in stops], text


def test_page_shows_whole_characters_as_text_and_loose_bytes_in_hexadecimal(tmp_path):
    strings = [list("é☕😀".encode()), [0xF0, 0x9F, 0x98], [0x80, 0x41], [0xC3, 0x41], [0xED, 0xA0]]
    shown = in_node(tmp_path, BPEExplorer, "return given.map(page.readable)", strings)
    assert shown == [
        [{"text": "é"}, {"text": "☕"}, {"text": "😀"}],
        [{"byte": "F0"}, {"byte": "9F"}, {"byte": "98"}],
        [{"byte": "80"}, {"text": "A"}],
        [{"byte": "C3"}, {"text": "A"}],
        [{"byte": "ED"}, {"byte": "A0"}],
    ]


def test_page_still_and_tokenizer_spell_a_piece_alike(tmp_path):
    """What the tokenizer's docstring says: "·" for a blank, "<C3>" for a loose byte."""
    tokenizer = BPETokenizer([(b" ", b"\xc3")])
    assert [label(piece) for piece in BPEExplorer(tokenizer, "a É", n_merges=1).pieces(1)] == [
        "a", "·<C3>", "<89>",
    ]  # fmt: skip
    pieces = [b" \xc3", b" a", b"\n", "\tÉ ☕".encode(), b"\xf0\x9f", b"<", b"\xc3 \xc3"]
    given = [list(piece) for piece in pieces]
    quoted = in_node(tmp_path, BPEExplorer, "return given.map(page.inWords)", given)
    assert quoted == [f"'{label(piece)}'" for piece in pieces]
    assert quoted[0] == "'·<C3>'"


def test_buttons_stop_at_the_merges_that_act_in_the_text(tmp_path):
    program = """
      const removed = [Infinity, 3, 7, Infinity, 3];
      return [[0, 3, 4, 8].map((n) => page.nextAfter(removed, n)),
              [8, 5, 4, 0].map((n) => page.lastBefore(removed, n)),
              page.piecesByMerges(removed, 8)];
    """
    on, back, pieces = in_node(tmp_path, BPEExplorer, program, None)
    assert on == [4, 4, 8, 8]
    assert back == [4, 4, 0, 0]
    assert pieces == [5, 5, 5, 5, 3, 3, 3, 3, 2]


def test_bpe_data_round_trip(tokenizer):
    explorer = BPEExplorer(tokenizer, "cold coffee", n_merges=7)
    rows = np.frombuffer(explorer.merges, dtype="<i4").reshape(-1, 3)
    spelled = {b: bytes([b]) for b in range(256)}
    for (left, right, merged), pair in zip(rows.tolist(), tokenizer.merges, strict=True):
        assert (spelled[left], spelled[right]) == tuple(pair)
        spelled[merged] = spelled[left] + spelled[right]
    assert np.frombuffer(explorer.counts, dtype="<i4").tolist() == tokenizer.counts
    assert explorer.n_merges == 7


def test_an_emoji_is_four_bytes(tokenizer):
    assert BPEExplorer(BPETokenizer([]), "😀").pieces(0) == [b"\xf0", b"\x9f", b"\x98", b"\x80"]


@pytest.mark.parametrize(
    "arguments, error, says",
    [
        (lambda t: (CharTokenizer("ab"), "ab", 0), TypeError, "CharTokenizer"),
        (lambda t: (t, 12, 0), TypeError, "int"),
        (lambda t: (t, "a" * 501, 0), ValueError, "501"),
        (lambda t: (t, "a", 201), ValueError, "201"),
        (lambda t: (t, "a", -1), ValueError, "-1"),
    ],
)
def test_bpe_errors_name_what_was_given(tokenizer, arguments, error, says):
    given_tokenizer, text, n_merges = arguments(tokenizer)
    with pytest.raises(error, match=says):
        BPEExplorer(given_tokenizer, text, n_merges=n_merges)


# ---- positions


def test_table_equals_the_package_s(tmp_path):
    from course_utils.positions import sinusoidal

    for d_model, base in ((8, 10), (64, 10_000)):
        ours = sinusoid(50, d_model, base)
        np.testing.assert_allclose(ours, sinusoidal(50, d_model, float(base)).numpy(), atol=1e-6)
        page = in_node(
            tmp_path, PositionExplorer, "return [...page.encode(50, ...given)]", [d_model, base]
        )
        np.testing.assert_allclose(ours.ravel(), page, atol=1e-6)


def test_page_s_dot_products_depend_on_the_distance_only(tmp_path):
    program = """
      const table = page.encode(128, 32, 10000);
      return [0, 7, 40].map((p) => page.dotProduct(table, 32, p, p + 11));
    """
    products = in_node(tmp_path, PositionExplorer, program, None)
    expected = sinusoid(12, 32) @ sinusoid(12, 32)[0]
    np.testing.assert_allclose(products, expected[11], atol=1e-4)
    assert PositionExplorer(128, 32, position=40, distance=11).dot_product() == pytest.approx(
        expected[11]
    )


@pytest.mark.parametrize(
    "given, says",
    [
        ({"n": 1}, "n=1"),
        ({"d_model": 7}, "7"),
        ({"base": 99}, "99"),
        ({"n": 10, "position": 10}, "position=10"),
        ({"n": 10, "position": 0, "distance": -1}, "distance=-1"),
    ],
)
def test_position_errors_name_what_was_given(given, says):
    with pytest.raises(ValueError, match=says):
        PositionExplorer(**given)


# ---- softmax


def test_page_s_softmax_equals_python_s(tmp_path):
    explorer = SoftmaxExplorer()
    program = """
      const bytes = Uint8Array.from(atob(given.coordinates), (c) => c.charCodeAt(0));
      const coordinates = new Float32Array(bytes.buffer);
      return given.cases.map(([draw, dHead, temperature]) => {
        const scores = page.dotProducts(coordinates, given.shape, draw, dHead);
        return page.summarise(scores, temperature);
      });
    """
    from base64 import b64encode

    cases = [[0, 512, 1.0], [3, 64, 0.1], [15, 1, 10.0], [7, 48, 2.0]]
    given = {
        "coordinates": b64encode(explorer.coordinates).decode(),
        "cases": cases,
        "shape": [16, 5, 512],
    }
    found = in_node(tmp_path, SoftmaxExplorer, program, given)
    for (draw, d_head, temperature), page in zip(cases, found, strict=True):
        scores = explorer.dot_products(d_head)[draw]
        weights = softmax(scores, temperature)
        np.testing.assert_allclose(page["scores"], scores, rtol=1e-9)
        np.testing.assert_allclose(page["weights"], weights, atol=1e-9)
        assert page["heard"] == pytest.approx(float(words_heard(weights)))
        assert page["slope"] == pytest.approx(steepest_slope(weights, temperature), abs=1e-12)


def test_slope_is_the_largest_entry_of_softmax_s_derivative():
    import torch

    scores = torch.tensor([0.3, -1.0, 2.0, 0.5], dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda s: torch.softmax(s / 2, -1), scores)
    weights = torch.softmax(scores / 2, -1).numpy()
    assert steepest_slope(weights, 2.0) == pytest.approx(jacobian.abs().max().item())


def test_words_heard_counts_words():
    assert words_heard([0.25] * 4) == pytest.approx(4)
    assert words_heard([0, 0, 1, 0]) == pytest.approx(1)
    assert words_heard([0.5, 0.5, 0, 0]) == pytest.approx(2)


def test_softmax_saturates_without_the_root_and_not_with_it():
    """The claim of the picture, over all sixteen draws."""
    explorer = SoftmaxExplorer()
    scores = explorer.dot_products(512)
    assert words_heard(softmax(scores)).mean() < 1.3
    assert words_heard(softmax(scores / np.sqrt(512))).mean() > 2.5


@pytest.mark.parametrize(
    "given, says",
    [
        ({"words": ["Tom"]}, "got 1"),
        ({"scores": [1.0, 2.0]}, "got 2"),
        ({"scores": [1.0, 2.0, float("nan"), 0.0]}, "nan"),
        ({"d_head": 513}, "513"),
        ({"temperature": 0}, "got 0"),
    ],
)
def test_softmax_errors_name_what_was_given(given, says):
    with pytest.raises(ValueError, match=says):
        SoftmaxExplorer(**given)


# ---- attention

MAPS = """
  const { weights, sizes, heads, rows, columns } = given;
  return heads.map((head) => [...page.headMap(weights, sizes, head, rows, columns)]);
"""


@pytest.mark.parametrize("n_query, n_key", [(4, 4), (5, 3), (2, 6)])
def test_page_finds_each_head_of_one_sentence_and_of_two(tmp_path, n_query, n_key):
    weights = np.random.default_rng(7).dirichlet(np.ones(n_key), size=(2, 3, n_query))
    looking, looked_at = [f"q{i}" for i in range(n_query)], [f"k{i}" for i in range(n_key)]
    explorer = AttentionExplorer(looking, weights, looked_at)
    heads = [[layer, head] for layer in range(2) for head in range(3)]
    rows, columns = list(range(1, n_query)), list(range(n_key - 1))  # some are left out
    given = {
        "weights": np.frombuffer(explorer.weights, dtype="<f4").tolist(),
        "sizes": [explorer.shape[1], len(explorer.tokens), len(explorer.key_tokens)],
        "heads": heads,
        "rows": rows,
        "columns": columns,
    }
    for (layer, head), found in zip(
        heads, in_node(tmp_path, AttentionExplorer, MAPS, given), strict=True
    ):
        expected = weights[layer, head][1:, : n_key - 1]
        np.testing.assert_allclose(np.reshape(found, expected.shape), expected, rtol=1e-6)


def test_bpe_neighbours_differ_in_color_and_pieces_keep_theirs(tmp_path):
    spans = [[0, 1], [1, 2], [2, 5], [5, 6], [10, 11], [11, 16], [16, 17]]
    fewer = [[0, 2], [2, 5], [5, 6], [10, 11], [11, 16], [16, 17]]  # the first two are merged
    program = "return given.map(page.tintsOf);"
    before, after = in_node(tmp_path, BPEExplorer, program, [spans, fewer])
    assert all(a != b for tints in (before, after) for a, b in zip(tints, tints[1:], strict=False))
    assert before[2:] == after[1:]


def test_softmax_takes_one_number_a_word():
    for scores in ([1.0], [[1, 2], [3, 4]]):
        with pytest.raises(ValueError, match="Each of the 2 words needs one score"):
            SoftmaxExplorer(["a", "b"], scores=scores)
    explorer = SoftmaxExplorer(["a", "b"], temperature=np.float32(2.0))
    assert explorer.temperature == 2.0


DOLLARS = ["$x^$", "costs $5", "and $6", "_$"]
WITH_DOLLARS = {
    "attention": lambda: AttentionExplorer(DOLLARS, np.full((1, 1, 4, 4), 0.25), looker="$x^$"),
    "softmax": lambda: SoftmaxExplorer(DOLLARS),
    "merges": lambda: BPEExplorer(BPETokenizer([]), " ".join(DOLLARS)),
    "sampling": lambda: SamplingExplorer(DOLLARS, np.zeros((4, 4)), DOLLARS),
    "spectrum": lambda: SpectrumExplorer({"$x^$": [1, 2, 3, 4]}),
    "mixing": lambda: MixingMap(DOLLARS, {"$x^$": np.ones((4, 4))}),
    "embedding": lambda: EmbeddingExplorer(
        [f"{word}{i}" for i in range(4) for word in DOLLARS], np.eye(16), "$x^$0"
    ),
    "bake-off": lambda: BakeoffExplorer(
        [{"name": "$x^$", "$a^$": 1, "b": 2}], x="$a^$", y="b", better={"$a^$": "low", "b": "low"}
    ),
}


@pytest.mark.parametrize("make", WITH_DOLLARS.values(), ids=WITH_DOLLARS)
def test_a_dollar_in_somebodys_words_is_a_dollar(make):
    """Matplotlib takes what is between two of them for a formula, and breaks at "$x^$"."""
    assert plots.png(make().still()).startswith(b"\x89PNG")
