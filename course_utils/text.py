"""From text to token ids and back: characters, byte-pair encoding, word pieces, padding.

Every tokenizer has `encode(text) -> ids`, `decode(ids) -> text`, `tokens(text) -> readable pieces`
and `vocab_size`.
"""

from __future__ import annotations

import heapq
import json
import operator
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.atomic import write_atomically
from course_utils.paths import expanded

if TYPE_CHECKING:  # tokenizers are useful, and quick to load, without torch
    from torch import Generator, Tensor


def _lookup(ids: Iterable[int], vocabulary: Sequence) -> list:
    """The entries of `vocabulary` for `ids`; an id that does not exist is named."""
    found = []
    for token_id in ids:
        token_id = operator.index(token_id)  # TypeError for a fraction, which is no id
        if not 0 <= token_id < len(vocabulary):
            raise ValueError(
                f"there is no token {token_id}: ids go from 0 to {len(vocabulary) - 1}. "
                "Were they made by another tokenizer?"
            )
        found.append(vocabulary[token_id])
    return found


class CharTokenizer:
    """One token for each character that occurs in `text`, in the order of their code points."""

    def __init__(self, text: str):
        self.characters = sorted(set(text))
        self._ids = {character: i for i, character in enumerate(self.characters)}

    @property
    def vocab_size(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        """The id of each character. ValueError names one that was not in the training text."""
        try:
            return [self._ids[character] for character in text]
        except KeyError as error:
            character = error.args[0]
            raise ValueError(
                f"{character!r} is not among the {self.vocab_size} characters of this vocabulary. "
                "Make the tokenizer from a text that has it, or take a BPETokenizer, which can "
                "write any text."
            ) from None

    def decode(self, ids: Iterable[int]) -> str:
        return "".join(_lookup(ids, self.characters))

    def tokens(self, text: str) -> list[str]:
        return list(text)


# A word is what byte-pair encoding never merges across: a run of letters, of digits or of other
# signs, each with the one blank before it; an English ending ('s, 'll); or a run of white space.
# This is GPT-2's rule (Radford et al. 2019) in what Python's `re` can say: [^\W\d_] are letters.
# One difference: signs such as ² and ½ are digits to GPT-2 and letters here.
WORDS = re.compile(
    r"'(?:[sdmt]|ll|ve|re)"
    r"| ?[^\W\d_]+"
    r"| ?\d+"
    r"| ?(?:[^\s\w]|_)+"
    r"|\s+(?!\S)"
    r"|\s+"
)

# The 256 bytes in GPT-2's order: those with a picture of their own first, then blanks and controls.
PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
BYTES = [bytes([b]) for b in PRINTABLE + [b for b in range(256) if b not in PRINTABLE]]

Pair = tuple[int, int]


def _pairs(word: list[int]) -> zip[Pair]:
    return zip(word, word[1:], strict=False)


def _merge(word: list[int], pair: Pair, merged: int) -> list[int]:
    """`word` with each `pair` replaced by `merged`, from left to right."""
    result, i = [], 0
    while i < len(word):
        if i + 1 < len(word) and (word[i], word[i + 1]) == pair:
            result.append(merged)
            i += 2
        else:
            result.append(word[i])
            i += 1
    return result


class _PairCounts:
    """How often each pair of neighbours occurs in the words of a text, while pairs are fused."""

    def __init__(self, frequencies: Counter[str]):
        ids = {token: i for i, token in enumerate(BYTES)}
        self.words = [[ids[bytes([b])] for b in word.encode("utf-8")] for word in frequencies]
        self.often = list(frequencies.values())  # how often each word occurs
        self.counts: Counter[Pair] = Counter()
        self.where: dict[Pair, set[int]] = defaultdict(set)  # the words that hold a pair
        for number, word in enumerate(self.words):
            for pair in _pairs(word):
                self.counts[pair] += self.often[number]
                self.where[pair].add(number)
        self.heap = [(-count, pair) for pair, count in self.counts.items()]
        heapq.heapify(self.heap)

    def most_frequent(self) -> tuple[int, Pair | None]:
        """The pair that occurs most often, of equals the one with the smaller ids; its count."""
        while self.heap:
            negative, pair = heapq.heappop(self.heap)
            count = self.counts[pair]
            if -negative == count > 0:
                return count, pair
            if count > 0:  # an old note: the pair has become rarer since
                heapq.heappush(self.heap, (-count, pair))
        return 0, None

    def fuse(self, pair: Pair, merged: int) -> None:
        """Write `merged` for the pair, in the words that hold it, and count these again."""
        counts, where, grown = self.counts, self.where, set()
        for number in where.pop(pair):
            often = self.often[number]
            for old in _pairs(self.words[number]):
                counts[old] -= often
            self.words[number] = word = _merge(self.words[number], pair, merged)
            for new in _pairs(word):
                counts[new] += often
                if merged in new:
                    where[new].add(number)
                    grown.add(new)
        counts[pair] = 0
        for new in grown:
            heapq.heappush(self.heap, (-counts[new], new))


class BPETokenizer:
    """Byte-pair encoding: start with the 256 bytes, fuse the most frequent pair, repeat.

    Any text can be written, because any text is bytes, and comes back byte for byte; only half of a
    surrogate pair, which is no character and has no bytes, becomes U+FFFD. `merges` are the fused
    pairs in order, `counts` how often each was seen when it was fused. Token ids are the
    bytes in GPT-2's order, then the merges in order, then the `special` tokens, which `encode`
    never makes out of text: use `special_id`.

    Sources: Gage 1994 (the idea, for compression); Sennrich et al. 2016 (for words, section 3.2);
    Radford et al. 2019 (on bytes, section 2.2).
    """

    def __init__(
        self,
        merges: Sequence[tuple[bytes, bytes]],
        *,
        counts: Sequence[int] = (),
        special: Sequence[str] = (),
    ):
        if isinstance(special, str):
            raise TypeError(
                f"special is a list of tokens, got the text {special!r}: put it in [ ]."
            )
        self.merges, self.counts, self.special = list(merges), list(counts), list(special)
        if len(set(self.special)) < len(self.special) or "" in self.special:
            raise ValueError(f"special tokens differ, and none is empty; got {self.special}.")
        self.vocabulary = list(BYTES)
        self._ids = {token: i for i, token in enumerate(BYTES)}
        self._ranks: dict[Pair, tuple[int, int]] = {}  # pair -> its place in the order, the token
        for rank, (left, right) in enumerate(self.merges):
            token = left + right
            if unknown := [part for part in (left, right) if part not in self._ids]:
                raise ValueError(
                    f"merge {rank} fuses {unknown[0]}, which no merge before it makes."
                )
            if token not in self._ids:  # two pairs may spell the same token: "a"+"bc", "ab"+"c"
                self._ids[token] = len(self.vocabulary)
                self.vocabulary.append(token)
            self._ranks[self._ids[left], self._ids[right]] = (rank, self._ids[token])
        self._known_words: dict[tuple[str, int], list[int]] = {}

    @classmethod
    def train(cls, text: str, n_merges: int, *, special: Sequence[str] = ()) -> BPETokenizer:
        """Learn up to `n_merges` merges from `text`; fewer if no pair is left.

        Of equally frequent pairs the one with the smaller ids goes first, as in the `tokenizers`
        library, so both learn the same merges in the same order. Only words that hold the fused
        pair are counted again: about three seconds for 2,000 merges on three million characters.
        """
        if n_merges < 0:
            raise ValueError(f"n_merges is a number of merges, 0 or more, got {n_merges}.")
        ids = {token: i for i, token in enumerate(BYTES)}
        words = _PairCounts(Counter(WORDS.findall(characters(text))))
        vocabulary, merges, counts = list(BYTES), [], []
        while len(merges) < n_merges:
            count, pair = words.most_frequent()
            if pair is None:
                break
            left, right = vocabulary[pair[0]], vocabulary[pair[1]]
            merged = ids.setdefault(left + right, len(vocabulary))
            if merged == len(vocabulary):
                vocabulary.append(left + right)
            merges.append((left, right))
            counts.append(count)
            words.fuse(pair, merged)
        return cls(merges, counts=counts, special=special)

    @property
    def vocab_size(self) -> int:
        return len(self.vocabulary) + len(self.special)

    def special_id(self, token: str) -> int:
        """The id of a special token such as "<pad>"."""
        if token not in self.special:
            raise ValueError(f"{token!r} is not special here. Special tokens: {self.special}.")
        return len(self.vocabulary) + self.special.index(token)

    def encode(self, text: str, *, n_merges: int | None = None) -> list[int]:
        """Token ids, with all merges or with the first `n_merges` only."""
        limit = len(self.merges) if n_merges is None else n_merges
        ids: list[int] = []
        for word in WORDS.findall(characters(text)):
            if (word, limit) not in self._known_words:
                self._known_words[word, limit] = self._encode_word(word, limit)
            ids += self._known_words[word, limit]
        return ids

    def _encode_word(self, word: str, limit: int) -> list[int]:
        """Fuse the pair that was learned first, again and again, until no learned pair is left."""
        ids = [self._ids[bytes([b])] for b in word.encode("utf-8")]
        while len(ids) > 1:
            never = (limit, 0)
            pair = min(_pairs(ids), key=lambda pair: self._ranks.get(pair, never)[0])
            rank, merged = self._ranks.get(pair, never)
            if rank >= limit:
                break
            ids = _merge(ids, pair, merged)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text. Bytes that form no character (a token cut in two) become U+FFFD."""
        special = [characters(token).encode("utf-8") for token in self.special]
        return b"".join(_lookup(ids, self.vocabulary + special)).decode("utf-8", errors="replace")

    def tokens(self, text: str, *, n_merges: int | None = None) -> list[str]:
        """Readable pieces: a blank is shown as "·", a byte that is no character as "<F0>"."""
        return [readable(self.vocabulary[i]) for i in self.encode(text, n_merges=n_merges)]

    def save(self, path: str | Path) -> None:
        """Write a JSON file that `load` reads."""
        stored = {
            "kind": "byte-level BPE",
            "merges": [[left.decode("latin-1"), right.decode("latin-1")]
                       for left, right in self.merges],
            "counts": self.counts,
            "special": self.special,
        }  # fmt: skip
        text = json.dumps(stored, indent=0) + "\n"
        write_atomically(expanded(path), text.encode("utf-8"))

    @classmethod
    def load(cls, path: str | Path) -> BPETokenizer:
        """Read what `save` wrote. ValueError that names the file if it is something else."""
        path = expanded(path)
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            if stored["kind"] != "byte-level BPE":
                raise ValueError(f"its kind is {stored['kind']!r}")
            merges = [(left.encode("latin-1"), right.encode("latin-1"))
                      for left, right in stored["merges"]]  # fmt: skip
            return cls(merges, counts=stored["counts"], special=stored["special"])
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise ValueError(
                f"{path.name} was not written by BPETokenizer.save ({error})."
            ) from error


def readable(token: bytes) -> str:
    """A token for readers: whole characters, bytes that are none as "<F0>", marks for white space.

    "·" is a blank, "↵" a new line, "⇥" a tab, "␍" a carriage return.
    """
    text = token.decode("utf-8", errors="surrogateescape")  # U+DC80 to U+DCFF: the loose bytes
    shown = (f"<{ord(c) - 0xDC00:02X}>" if "\udc80" <= c <= "\udcff" else c for c in text)
    return "".join(shown).translate(MARKS)


MARKS = str.maketrans({" ": "·", "\n": "↵", "\t": "⇥", "\r": "␍"})


def characters(text: str) -> str:
    """`text` in whole characters: half of a surrogate pair becomes U+FFFD, as in `decode`.

    Such halves come from texts that were cut in the middle of a pair, by a program that counts in
    UTF-16. Two halves that belong together become the character that they are. TypeError for what
    is no text.
    """
    if not isinstance(text, str):
        raise TypeError(f"a text is a str, got a {type(text).__name__}: join a list of them first.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class WordPieceTokenizer:
    """BERT's tokenizer: lower case, no accents, then the longest piece that fits, again and again.

    A piece that does not begin a word is written with "##". A word that cannot be pieced together
    is "[UNK]". `tokens` and `encode` put "[CLS]" in front and "[SEP]" behind.
    Sources: Wu et al. 2016, section 4.1; Devlin et al. 2019, section 3 (uncased).
    """

    LONGEST_WORD = 100  # characters; BERT gives up on longer ones

    def __init__(self, vocabulary: Sequence[str]):
        self.vocabulary = list(vocabulary)
        self._ids = {token: i for i, token in enumerate(self.vocabulary)}
        missing = [t for t in ("[CLS]", "[SEP]", "[UNK]", "[PAD]") if t not in self._ids]
        if missing:
            raise ValueError(f"a WordPiece vocabulary needs {', '.join(missing)}.")

    @classmethod
    def from_vocab(cls, path: str | Path) -> WordPieceTokenizer:
        """Read a `vocab.txt`: one piece a line, its id is the line's number from 0."""
        return cls(expanded(path).read_text(encoding="utf-8").splitlines())

    @property
    def vocab_size(self) -> int:
        return len(self.vocabulary)

    def id(self, token: str) -> int:
        """The id of one piece of the vocabulary."""
        if token not in self._ids:
            raise KeyError(f"{token!r} is not one of the {self.vocab_size:,} pieces.")
        return self._ids[token]

    def tokens(self, text: str) -> list[str]:
        pieces = [piece for word in self.words(text) for piece in self._pieces(word)]
        return ["[CLS]", *pieces, "[SEP]"]

    def encode(self, text: str) -> list[int]:
        return [self._ids[token] for token in self.tokens(text)]

    def decode(self, ids: Iterable[int]) -> str:
        """Words with blanks between them. Case, accents and the original blanks are gone."""
        pieces = _lookup(ids, self.vocabulary)
        hidden = {"[CLS]", "[SEP]", "[PAD]"}
        return " ".join(p for p in pieces if p not in hidden).replace(" ##", "")

    @staticmethod
    def words(text: str) -> list[str]:
        """Lower-case words without accents; each sign and each Chinese character is a word."""
        text = unicodedata.normalize("NFD", "".join(map(_spaced, text)).lower())
        kept = "".join(character for character in text if unicodedata.category(character) != "Mn")
        return "".join(f" {c} " if _is_sign(c) else c for c in kept).split()

    def _pieces(self, word: str) -> list[str]:
        if len(word) > self.LONGEST_WORD:
            return ["[UNK]"]
        pieces, start = [], 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                if prefix + word[start:end] in self._ids:
                    pieces.append(prefix + word[start:end])
                    start = end
                    break
            else:
                return ["[UNK]"]
        return pieces


def _spaced(character: str) -> str:
    """Blanks for white space, nothing for control characters, room around Chinese characters."""
    if character in "\t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    if character == "\ufffd" or unicodedata.category(character).startswith("C"):
        return ""
    return f" {character} " if _is_chinese(ord(character)) else character


# The blocks that BERT's authors chose: CJK unified ideographs, extensions A to E, compatibility.
CHINESE = [
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
]  # fmt: skip


def _is_chinese(code: int) -> bool:
    return any(first <= code <= last for first, last in CHINESE)


def _is_sign(character: str) -> bool:
    """Punctuation as BERT sees it: all ASCII that is no letter, digit or blank, and Unicode's P."""
    if character.isascii():
        return character.isprintable() and not character.isalnum() and character != " "
    return unicodedata.category(character).startswith("P")


def pad(sequences: Sequence[Sequence[int]], pad_id: int = 0) -> tuple[Tensor, Tensor]:
    """Put id lists of unequal length into one table.

    Returns ids, LongTensor[batch, n], filled up with `pad_id` on the right, and the mask,
    BoolTensor[batch, n], True at real tokens. n is the longest list's length. TypeError for ids
    that are no whole numbers.
    """
    import torch

    from course_utils.shapes import whole_numbers

    if len(sequences) == 0:
        raise ValueError("pad needs at least one list of ids, got none.")
    n = max(len(sequence) for sequence in sequences)
    ids = torch.full((len(sequences), n), pad_id, dtype=torch.long)
    mask = torch.zeros(len(sequences), n, dtype=torch.bool)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = whole_numbers(sequence)
        mask[row, : len(sequence)] = True
    return ids, mask


def hide(
    ids: Tensor,
    mask: Tensor,
    *,
    vocab_size: int,
    hidden_id: int,
    keep: Iterable[int] = (),
    share: float = 0.15,
    generator: Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Hide some tokens of a text, to be guessed from the others: masked language modelling.

    `ids` are LongTensor[batch, n], `mask` BoolTensor[batch, n], True at real tokens. Each real
    token that is not in `keep` (the ids of signs that are no words) is chosen with a chance of
    `share`. Of the chosen, 80 % become `hidden_id`, 10 % any of the `vocab_size` ids by dice, and
    10 % stay, so that a model cannot trust what it is shown either.

    Returns what the model reads, LongTensor[batch, n], and which places it has to guess,
    BoolTensor[batch, n]: only these count in the loss, and padding is never among them.
    ValueError for a share or a `hidden_id` that is none, TypeError for a mask that is not boolean.
    Source: Devlin et al. 2019, BERT, section 3.1; FNet, too.
    """
    import torch

    from course_utils.shapes import expect_mask

    expect_mask(mask, *ids.shape, "hide")
    if not 0 <= hidden_id < vocab_size:
        raise ValueError(f"hidden_id={hidden_id} is no id of a vocabulary of {vocab_size}.")
    if not 0 <= share <= 1:
        raise ValueError(f"share is a chance between 0 and 1, got {share}.")
    dice = torch.rand(3, *ids.shape, generator=generator, device=ids.device)
    anything = torch.randint(vocab_size, ids.shape, generator=generator, device=ids.device)
    words = mask & ~torch.isin(ids, torch.tensor(list(keep), dtype=ids.dtype, device=ids.device))
    chosen = words & (dice[0] < share)
    read = torch.where(chosen & (dice[1] < 0.8), hidden_id, ids)
    # Of the fifth that is left, one half.
    by_dice = chosen & (dice[1] >= 0.8) & (dice[2] < 0.5)
    return torch.where(by_dice, anything, read), chosen
