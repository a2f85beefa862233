"""Words, and the pairs in them."""

import random
from collections.abc import Iterator, Sequence


def random_word(generator: random.Random, letters: str, n: int) -> list[str]:
    return [generator.choice(letters) for _ in range(n)]


def pairs(pieces: Sequence[str]) -> Iterator[tuple[str, str]]:
    return zip(pieces, pieces[1:], strict=False)


def joined(pair: tuple[str, str]) -> str:
    return pair[0] + pair[1]
