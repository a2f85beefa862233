"""The tokenizers: byte for byte, merge for merge, and against independent implementations."""

import json
import random
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import datasets
from course_utils.text import (
    BYTES,
    WORDS,
    BPETokenizer,
    CharTokenizer,
    WordPieceTokenizer,
    hide,
    pad,
    readable,
)
from course_utils.trained import minilm

N_MERGES = 2_000
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "##a", "coffee", "a", "!"]

# Without halves of surrogate pairs, which are no characters: what becomes of them is said below.
any_text = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture(scope="module")
def corpus():
    return datasets.wikitext2_raw("train")


@pytest.fixture(scope="module")
def trained(corpus):
    return BPETokenizer.train(corpus, N_MERGES)


@pytest.fixture(scope="module")
def small():
    text = datasets.tiny_shakespeare()[:50_000]
    return BPETokenizer.train(text, 300, special=["<pad>", "<end>"])


@pytest.fixture(scope="module")
def word_pieces():
    return WordPieceTokenizer(PIECES)


# Characters


def test_characters_come_back_and_are_numbered_in_order():
    tokenizer = CharTokenizer("kaffee")
    assert tokenizer.characters == ["a", "e", "f", "k"] and tokenizer.vocab_size == 4
    assert tokenizer.encode("fake") == [2, 0, 3, 1]
    assert tokenizer.decode([3, 0, 2, 2, 1, 1]) == "kaffee"
    assert tokenizer.tokens("fee") == ["f", "e", "e"]


@given(any_text)
def test_characters_of_any_text_come_back(text):
    tokenizer = CharTokenizer(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.vocab_size == len(set(text))


def test_an_unknown_character_is_named():
    with pytest.raises(ValueError, match="'é' is not among the 4 characters.*BPETokenizer"):
        CharTokenizer("cafe").encode("café")


# Byte-pair encoding: what it learns


def by_the_book(text: str, n_merges: int) -> list[tuple[bytes, bytes]]:
    """Count all pairs, fuse the most frequent, count again: slow, and obviously so."""
    order = {token: i for i, token in enumerate(BYTES)}
    words = [[bytes([b]) for b in word.encode()] for word in WORDS.findall(text)]
    merges = []
    while len(merges) < n_merges:
        counts = Counter(pair for word in words for pair in zip(word, word[1:], strict=False))
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], order[pair[0]], order[pair[1]]))
        merges.append(best)
        order.setdefault(best[0] + best[1], len(order))
        words = [fused(word, best) for word in words]
    return merges


def fused(word: list[bytes], pair: tuple[bytes, bytes]) -> list[bytes]:
    done: list[bytes] = []
    while word:
        step = 2 if tuple(word[:2]) == pair else 1
        done.append(b"".join(word[:step]))
        word = word[step:]
    return done


@pytest.mark.parametrize(
    ("text", "merges"),
    [
        ("cold colder older", [(b"l", b"d"), (b"o", b"ld")]),  # a tie: the smaller byte first
        ("aaaa aaaa", [(b"a", b"a"), (b"aa", b"aa")]),
    ],
)
def test_the_first_merges_by_hand(text, merges):
    assert BPETokenizer.train(text, 2).merges == merges


@settings(max_examples=60)
@given(st.text(st.sampled_from("ab c.ü"), max_size=60), st.integers(0, 25))
def test_it_learns_what_the_slow_and_obvious_way_learns(text, n_merges):
    assert BPETokenizer.train(text, n_merges).merges == by_the_book(text, n_merges)


def test_on_real_text_too():
    text = datasets.tiny_shakespeare()[:6_000]
    assert BPETokenizer.train(text, 120).merges == by_the_book(text, 120)


def reference(text: str, n_merges: int):
    """The `tokenizers` library's byte-level BPE, trained on the same text."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    theirs = Tokenizer(models.BPE())
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=256 + n_merges, initial_alphabet=alphabet, show_progress=False
    )
    theirs.train_from_iterator([text], trainer)
    return theirs


def gpt2_letters() -> dict[str, bytes]:
    """GPT-2 writes each byte as a printable character; which one, worked out from its rule."""
    free = iter(range(256, 512))
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return {chr(b if b in printable else next(free)): bytes([b]) for b in range(256)}


@pytest.fixture(scope="module")
def theirs(corpus):
    return reference(corpus, N_MERGES)


def test_merge_for_merge_the_library_learns_the_same(trained, theirs):
    letters = gpt2_letters()
    learned = [
        tuple(b"".join(letters[letter] for letter in part) for part in pair)
        for pair in json.loads(theirs.to_str())["model"]["merges"]
    ]
    assert len(trained.merges) == len(learned) == N_MERGES
    assert trained.merges == learned


def test_unseen_articles_get_the_librarys_ids(trained, theirs):
    text = datasets.wikitext2_raw("valid")[:200_000]
    assert trained.encode(text) == theirs.encode(text).ids


def test_where_the_two_differ(small):
    """GPT-2's rule for words calls ² a digit and Python's `re` a letter; nothing else differs."""
    from tokenizers import pre_tokenizers

    cut = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters = gpt2_letters()

    def their_words(text):
        words = (word for word, _ in cut.pre_tokenize_str(text))
        return [b"".join(letters[letter] for letter in word).decode() for word in words]

    assert WORDS.findall("5 km² now") == ["5", " km²", " now"]
    assert their_words("5 km² now") == ["5", " km", "²", " now"]
    for text in (
        "it's  5 km!\n\n\tÜber_alles…  「猫」 don't 'em ",
        "a_b __c__ 12.5% naïve e\u0301",
    ):
        assert WORDS.findall(text) == their_words(text)


def test_merges_count_and_run_out(trained):
    assert BPETokenizer.train("ab ab", 0).merges == []
    few = BPETokenizer.train("ab ab", 50)
    assert few.merges == [(b"a", b"b"), (b" ", b"ab")] and few.counts == [2, 1]
    assert trained.counts == sorted(trained.counts, reverse=True)
    assert trained.vocab_size == 256 + N_MERGES


# Byte-pair encoding: what it does


@given(any_text)
def test_any_text_comes_back_byte_for_byte(small, text):
    assert small.decode(small.encode(text)).encode() == text.encode()


@given(any_text, st.integers(0, 300))
def test_with_any_number_of_merges(small, text, n_merges):
    ids = small.encode(text, n_merges=n_merges)
    assert small.decode(ids) == text
    assert all(i < 256 + n_merges for i in ids)


def test_every_kind_of_character_comes_back(trained):
    text = "Tom drinks\r\n\t\x00 naïve Ωμέγα 猫が寝る 👩\u200d👧 e\u0301 \u200b\ufeff ½² '\"\\"
    assert trained.decode(trained.encode(text)) == text
    assert trained.encode("") == [] and trained.decode([]) == ""


def test_a_token_is_the_bytes_of_its_merge(small):
    for i, (left, right) in enumerate(small.merges):
        assert small.vocabulary[256 + i] == left + right
    assert small.tokens(" the\ny") == ["·the", "↵", "y"]
    assert small.tokens("é\n", n_merges=0) == ["<C3>", "<A9>", "↵"]


def test_a_token_cut_in_two_is_shown_as_such(small):
    first, second = small.encode("é", n_merges=0)
    assert small.decode([first]) == "\ufffd" and small.decode([first, second]) == "é"


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        (b" \xc3", "·<C3>"),
        ("a é".encode() + b"\xc3\n", "a·é<C3>↵"),
        (b"\x80\xff\xf0\x9f", "<80><FF><F0><9F>"),
        (b" \t\r\n", "·⇥␍↵"),
        ("猫👩".encode(), "猫👩"),
        (b"\xed\xa0\x80", "<ED><A0><80>"),
    ],
)
def test_a_token_is_shown_in_whole_characters_loose_bytes_and_marks(token, shown):
    assert readable(token) == shown


def test_a_token_of_a_blank_and_half_a_character_shows_both():
    assert BPETokenizer([(b" ", b"\xc3")]).tokens("a É") == ["a", "·<C3>", "<89>"]


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("a\ud83d", "a\ufffd"),
        ("\ude00b \udc80", "\ufffdb \ufffd"),
        ("a \ud83d b", "a \ufffd b"),
        ("\ud83d\ude00", "😀"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
    ],
)
def test_half_a_surrogate_pair_becomes_the_sign_for_no_character(small, text, back):
    assert small.decode(small.encode(text)) == back
    assert small.encode(text) == small.encode(back)
    assert small.tokens(text) == small.tokens(back)
    often, often_back = " ".join([text] * 3), " ".join([back] * 3)
    assert BPETokenizer.train(often, 9).merges == BPETokenizer.train(often_back, 9).merges
    marked = BPETokenizer([], special=[f"<{text}>"])
    assert marked.decode([marked.special_id(f"<{text}>")]) == f"<{back}>"


def test_the_other_tokenizers_take_half_a_pair_too(word_pieces):
    characters = CharTokenizer("ab\ud83d")
    assert characters.decode(characters.encode("\ud83da")) == "\ud83da"
    assert word_pieces.tokens("a\ud83d coffee") == ["[CLS]", "a", "coffee", "[SEP]"]


def test_special_tokens_are_asked_for_and_never_written(small):
    pad_id, end_id = small.special_id("<pad>"), small.special_id("<end>")
    assert (pad_id, end_id) == (small.vocab_size - 2, small.vocab_size - 1)
    assert small.decode([*small.encode("the"), end_id]) == "the<end>"
    assert end_id not in small.encode("the<end>")
    assert small.decode(small.encode("the<end>")) == "the<end>"


def test_saved_and_loaded_it_is_the_same(small, tmp_path):
    small.save(tmp_path / "bpe.json")
    again = BPETokenizer.load(tmp_path / "bpe.json")
    assert (again.merges, again.counts, again.special) == (
        small.merges,
        small.counts,
        small.special,
    )
    text = datasets.tiny_shakespeare()[50_000:60_000]
    assert again.encode(text) == small.encode(text)
    assert [path.name for path in tmp_path.iterdir()] == ["bpe.json"]
    again.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "bpe.json").read_bytes()


def test_a_file_lies_in_the_users_own_folder_if_they_say_so(small, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    small.save("~/bpe.json")
    assert (tmp_path / "home" / "bpe.json").is_file()
    assert BPETokenizer.load("~/bpe.json").merges == small.merges


def test_two_merges_that_spell_the_same_token_are_one_token(tmp_path):
    merges = [(b"b", b"c"), (b"a", b"b"), (b"a", b"bc"), (b"ab", b"c")]
    tokenizer = BPETokenizer(merges)
    assert tokenizer.vocab_size == 256 + 3
    assert tokenizer.decode(tokenizer.encode("abc ab bc")) == "abc ab bc"
    tokenizer.save(tmp_path / "bpe.json")
    assert BPETokenizer.load(tmp_path / "bpe.json").encode("abc") == tokenizer.encode("abc")


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda t: t.decode([558]), "no token 558: ids go from 0 to 557"),
        (lambda t: t.decode([-1]), "no token -1"),
        (lambda t: t.special_id("<mask>"), r"'<mask>' is not special.*<pad>"),
        (lambda t: BPETokenizer.train("a b", -3), "0 or more, got -3"),
    ],
)
def test_errors_name_what_was_given(small, ask, expected):
    with pytest.raises(ValueError, match=expected):
        ask(small)


@pytest.mark.parametrize("text", ["{}", "[]", "3", '{"kind": "a recipe"}'])
def test_another_file_is_not_loaded(tmp_path, text):
    (tmp_path / "soup.json").write_text(text)
    with pytest.raises(ValueError, match=r"soup\.json was not written by BPETokenizer\.save"):
        BPETokenizer.load(tmp_path / "soup.json")


# Word pieces


@pytest.fixture(scope="module")
def bert():
    if not minilm.weights_installed():
        pytest.skip(f"needs: {minilm.INSTALL_LINE}")
    return WordPieceTokenizer.from_vocab(minilm.weights_folder() / "vocab.txt")


def test_twenty_sentences_as_the_original_cuts_them(bert):
    sentences = datasets.minilm_fixture().sentences
    assert len(sentences) == 20 and bert.vocab_size == 30_522
    for sentence in sentences:
        assert bert.tokens(sentence["text"]) == sentence["tokens"]
        assert bert.encode(sentence["text"]) == sentence["ids"]


def test_hard_text_as_the_library_cuts_it(bert):
    from tokenizers import BertWordPieceTokenizer

    theirs = BertWordPieceTokenizer(
        str(minilm.weights_folder() / "vocab.txt"), lowercase=True, strip_accents=True
    )
    generator, codes = random.Random(0), [*range(32, 591), *range(0x900, 0x980)]
    hard = [
        "Naïve CAFÉ, don't! state-of-the-art… 猫が寝る",
        "a\tb\r\nc \u00a0 d\u200be \x00f \ufffd g",
        "x" * 101 + " " + "x" * 100,
        "½ ² ™ € « » — “q” ¿ İstanbul ǅ ß ﬁ",
        *("".join(map(chr, generator.choices(codes, k=40))) for _ in range(50)),
    ]
    for text in hard:
        assert bert.tokens(text) == theirs.encode(text).tokens, text


def test_the_longest_piece_first(word_pieces):
    assert word_pieces.tokens("Unaffable coffee!") == [
        "[CLS]", "un", "##aff", "##able", "coffee", "!", "[SEP]"
    ]  # fmt: skip
    assert word_pieces.tokens("una tea") == ["[CLS]", "un", "##a", "[UNK]", "[SEP]"]
    assert word_pieces.decode(word_pieces.encode("Unaffable coffee !")) == "unaffable coffee !"
    assert word_pieces.id("coffee") == 8
    assert word_pieces.tokens("a" * 101) == ["[CLS]", "[UNK]", "[SEP]"]


@pytest.mark.parametrize(
    ("ask", "error", "expected"),
    [
        (lambda t: t.id("tea"), KeyError, "'tea' is not one of the 11 pieces"),
        (lambda t: t.decode([11]), ValueError, "no token 11: ids go from 0 to 10"),
        (lambda t: WordPieceTokenizer(["[CLS]", "[UNK]"]), ValueError, r"needs \[SEP\], \[PAD\]"),
    ],
)
def test_word_piece_errors_name_what_was_given(word_pieces, ask, error, expected):
    with pytest.raises(error, match=expected):
        ask(word_pieces)


# Padding


def test_lists_of_unequal_length_become_a_table():
    ids, mask = pad([[5, 6, 7], [8], []], pad_id=9)
    assert ids.tolist() == [[5, 6, 7], [8, 9, 9], [9, 9, 9]] and ids.dtype == torch.long
    assert mask.tolist() == [[True, True, True], [True, False, False], [False, False, False]]
    assert pad([[0, 0]])[1].all()  # an id that is also the pad id is still a real token


def test_nothing_to_pad_is_said():
    with pytest.raises(ValueError, match="at least one list of ids, got none"):
        pad([])


def test_ids_are_whole_numbers(plain_shapes):
    """Cut off, 1.9 would be the token 1."""
    tokenizer = BPETokenizer([])
    for wrong in ([1.9], torch.tensor([1.9]), torch.tensor([1.0])):
        with pytest.raises(TypeError):
            tokenizer.decode(wrong)
        with pytest.raises(TypeError, match="token ids are whole numbers, got torch.float32"):
            pad([[1, 2], wrong])
    assert pad([[], [1]])[0].tolist() == [[0], [1]]
    assert tokenizer.decode(torch.tensor([33, 34])) == tokenizer.decode(np.array([33, 34]))


def test_a_text_is_one_text(plain_shapes):
    for wrong in (["one", "two"], None, b"one"):
        with pytest.raises(TypeError, match="a text is a str, got a"):
            BPETokenizer.train(wrong, 1)
        with pytest.raises(TypeError, match="a text is a str, got a"):
            BPETokenizer([]).encode(wrong)


def test_special_tokens_differ_and_stand_in_a_list():
    with pytest.raises(TypeError, match=r"got the text '<s>': put it in \[ \]"):
        BPETokenizer([], special="<s>")
    for special in (["<s>", "<s>"], [""]):
        with pytest.raises(ValueError, match="special tokens differ, and none is empty"):
            BPETokenizer([], special=special)


def test_a_merge_of_what_is_not_there_is_named():
    with pytest.raises(ValueError, match="merge 1 fuses b'cd', which no merge before it makes"):
        BPETokenizer([(b"a", b"b"), (b"ab", b"cd")])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"kind": "byte-level BPE"}',
        '{"kind": "byte-level BPE", "merges": 5, "counts": [], "special": []}',
        '{"kind": "byte-level BPE", "merges": [["zz", "a"]], "counts": [], "special": []}',
    ],
)
def test_a_file_that_holds_no_tokenizer_is_named(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"tokenizer\.json was not written by BPETokenizer\.save"):
        BPETokenizer.load(path)


# Hiding words


def hidden(**options):
    """A text of ids 10 to 59, hidden as 3; 0 is padding, 1 and 2 are signs."""
    generator = torch.Generator().manual_seed(options.pop("seed", 0))
    ids = torch.randint(10, 60, (50, 400), generator=torch.Generator().manual_seed(1))
    ids[:, 0], ids[:, 300], ids[:, 301:] = 1, 2, 0
    settings = {"vocab_size": 60, "hidden_id": 3, "keep": (1, 2)} | options
    read, chosen = hide(ids, ids != 0, generator=generator, **settings)
    return ids, read, chosen


def test_of_the_chosen_four_fifths_are_hidden_a_tenth_by_dice_and_a_tenth_kept():
    ids, read, chosen = hidden()
    words = (ids >= 10).sum()
    assert chosen.sum() / words == pytest.approx(0.15, abs=0.01)
    assert torch.equal(read[~chosen], ids[~chosen])
    of_these = chosen.sum()
    assert (read == 3)[chosen].sum() / of_these == pytest.approx(0.8, abs=0.02)
    same = (read == ids)[chosen].sum() / of_these
    assert same == pytest.approx(0.1 + 0.1 / 60, abs=0.015)
    by_dice = read[chosen & (read != 3) & (read != ids)]
    assert len(by_dice) / of_these == pytest.approx(0.1, abs=0.015)
    assert by_dice.min() < 10 and by_dice.max() > 50  # any id, those of signs among them


def test_what_cannot_be_hidden_is_named(plain_shapes):
    ids = torch.ones(2, 4, dtype=torch.long)
    for dtype in (torch.int64, torch.uint8):
        with pytest.raises(TypeError, match=f"hide expects a boolean mask .* got {dtype}"):
            hide(ids, (ids > 0).to(dtype), vocab_size=9, hidden_id=3)
    with pytest.raises(ValueError, match=r"\[2, 4\], got \[4\]"):
        hide(ids, ids[0] > 0, vocab_size=9, hidden_id=3)
    for hidden_id in (-1, 9):
        with pytest.raises(ValueError, match=f"hidden_id={hidden_id} is no id of a vocabulary of"):
            hide(ids, ids > 0, vocab_size=9, hidden_id=hidden_id)


def test_padding_and_signs_are_never_hidden_and_the_input_stays():
    ids, read, chosen = hidden(share=1.0)
    assert torch.equal(chosen, ids >= 10)
    assert torch.equal(read[~chosen], ids[~chosen])
    assert not hidden(share=0.0)[2].any()


def test_what_is_hidden_follows_from_the_generator():
    assert torch.equal(hidden(seed=5)[1], hidden(seed=5)[1])
    assert not torch.equal(hidden(seed=5)[2], hidden(seed=6)[2])
    with pytest.raises(ValueError, match="share is a chance between 0 and 1, got 15.0"):
        hidden(share=15.0)
