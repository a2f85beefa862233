"""The embedding explorer: its page and Python agree on neighbours, maps and sums of words."""

import numpy as np
import pytest
from explorer_examples import KING, word_table
from pages import in_node

from course_utils import datasets
from course_utils.widgets import EmbeddingExplorer
from course_utils.widgets.embedding_explorer import NEIGHBOURS, cosines, nth, principal

WORDS, VECTORS = word_table()


@pytest.fixture(scope="module")
def glove() -> EmbeddingExplorer:
    """The table of lesson 01, whole."""
    table = datasets.glove()
    return EmbeddingExplorer(table.words, table.vectors, "coffee", terms=KING)


def bits(table) -> list[int]:
    return np.asarray(table, dtype="<f2").ravel().view("<u2").tolist()


def test_halves_are_read_bit_for_bit(tmp_path):
    every = np.arange(2**16, dtype="<u2")
    finite = every[np.isfinite(every.view("<f2"))]
    read = in_node(
        tmp_path,
        EmbeddingExplorer,
        "return [...page.halves(Uint16Array.from(given))];",
        finite.tolist(),
    )
    np.testing.assert_array_equal(np.array(read), finite.view("<f2").astype(float))


PAGE = """
const table = page.tableOf(page.halves(Uint16Array.from(given.bits)), given.n);
const map = page.principal(table, given.which);
const spots = new Float64Array(2 * given.n);
for (let i = 0; i < given.n; i++) spots.set(page.shadow(map, table.row(i)), 2 * i);
const [a, b, c] = given.made.map(table.row);
const vector = given.made.length === 3 ? a.map((x, k) => x - b[k] + c[k]) : a;
const left = given.made.length === 3 ? [] : given.made;
const found = page.compare(table, map, spots, vector, left, given.k);
return { kept: map.kept, at: found.at, spots: [...spots.slice(0, 200)], shared: found.shared,
  nearest: found.nearest, onMap: found.onMap, seen: found.nearest.map((i) => found.seen(i) + 1),
  cosine: found.nearest.map((i) => found.cosine[i]) };
"""


@pytest.mark.parametrize("opens_with", ["word", "sum"])
@pytest.mark.parametrize("made_for", ["all words", "these words"])
def test_the_page_finds_what_python_finds(tmp_path, glove, opens_with, made_for):
    glove.opens_with, glove.made_for = opens_with, made_for
    ours, n = glove.found(), len(glove.words.split("\n"))
    which = range(n) if made_for == "all words" else dict.fromkeys([*ours.made, *ours.nearest])
    given = {"bits": bits(glove.table), "n": n, "which": list(which), "made": ours.made}
    page = in_node(tmp_path, EmbeddingExplorer, PAGE, given | {"k": NEIGHBOURS})
    assert page["nearest"] == ours.nearest
    np.testing.assert_allclose(page["cosine"], ours.cosine[ours.nearest], atol=1e-6)
    np.testing.assert_allclose(page["kept"], ours.projection.kept, atol=1e-6)
    np.testing.assert_allclose(page["at"], ours.here, atol=1e-5)
    np.testing.assert_allclose(page["spots"], ours.spots[:100].ravel(), atol=1e-5)
    assert page["onMap"] == ours.by_map[:NEIGHBOURS]
    assert page["seen"] == [ours.place(i) for i in ours.nearest]
    assert page["shared"] == ours.shared


def test_it_says_what_lesson_01_prints(glove):
    """The numbers of the lesson's own cells, from the table in half precision."""
    glove.opens_with, glove.made_for = "word", "all words"
    assert "drink 0.82 (on the map 16th), drinks 0.82" in glove.alt
    assert "“coffee”: 0 of its 8 nearest words are among the 8 nearest on the map" in glove.alt
    glove.opens_with = "sum"
    assert "king − man + woman is nearest to “king”, which was put in" in glove.alt
    assert "king 0.89" in glove.alt and "queen 0.86" in glove.alt


def test_the_largest_and_their_places(tmp_path):
    values = np.random.default_rng(0).integers(0, 9, 50).astype(float)  # many are alike
    order = np.argsort(-values, kind="stable")
    program = (
        "return [page.largest(given, 12), page.largest(given, 99), "
        "given.map((_, i) => page.placeOf(given, i))];"
    )
    first, every, places = in_node(tmp_path, EmbeddingExplorer, program, values.tolist())
    assert first == order[:12].tolist() and every == order.tolist()
    assert [order[place] for place in places] == list(range(50))


def test_a_map_of_a_plane_keeps_all_of_it():
    """Rows that differ in two directions only: every distance on the map is the true one."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(20, 2)) @ random.normal(size=(2, 7)) + 3
    made = principal(rows)
    spots = made.of(rows)
    assert made.kept == pytest.approx(1)
    np.testing.assert_allclose(
        np.linalg.norm(spots[:, None] - spots[None], axis=-1),
        np.linalg.norm(rows[:, None] - rows[None], axis=-1),
        atol=1e-9,
    )


def test_cosines_and_places():
    table = np.array([[3.0, 4], [6, 8], [4, -3], [-3, -4]])
    np.testing.assert_allclose(cosines(table, table[0]), [1, 1, 0, -1])
    assert [nth(i) for i in (1, 2, 3, 4, 11, 13, 22, 112, 1_003)] == (
        "1st 2nd 3rd 4th 11th 13th 22nd 112th 1,003rd".split()
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((WORDS, VECTORS[:3]), r"one row for each of the 16 words; got shape \[3, 6\]"),
        ((WORDS[:5], VECTORS[:5]), "10 words or more of 2 to 512 numbers.* got 5 words of 6"),
        ((WORDS, np.ones((16, 600))), "got 16 words of 600"),
        ((["tea"] * 16, VECTORS), "the words must differ"),
        ((["a\nb", *WORDS[1:]], VECTORS), "one line of text each"),
        ((WORDS, 1e6 * VECTORS), r"above 65,504 \(half precision\)"),
        ((WORDS, 0 * VECTORS), "not all of them 0"),
    ],
)
def test_tables_that_do_not_fit_are_named(given, says):
    with pytest.raises(ValueError, match=says):
        EmbeddingExplorer(*given, "tea")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"word": "juice"}, "'juice' is none of the 16 words"),
        ({"word": "tea", "terms": ["king", "man", "queene"]}, "'queene' is none"),
        ({"word": "tea", "terms": ["king"]}, r"three words, a, b and c .* got \['king'\]"),
        ({"word": "tea", "opens_with": "map"}, "opens_with must be one of word, sum"),
        ({"word": "tea", "made_for": "me"}, "made_for must be one of all words, these words"),
    ],
)
def test_openings_that_do_not_fit_are_named(options, says):
    with pytest.raises(ValueError, match=says):
        EmbeddingExplorer(WORDS, VECTORS, **options)
