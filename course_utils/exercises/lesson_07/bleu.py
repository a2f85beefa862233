"""How good is a translation? BLEU of one sentence against one reference.

Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation", section 2.3.
"""

import math
import random
from collections import Counter

import numpy as np

from course_utils.checks.task import Case, Task

task = Task(
    "07.bleu",
    "How good is a translation?",
    section="How good is it?",
    hints=[
        "For each n of 1, 2, 3, 4: count the candidate's runs and the reference's. A Counter of "
        "tuples does it: Counter(tuple(words[i : i + n]) for i in range(len(words) − n + 1)).",
        "Matches are clipped: for each run of the candidate, min(its count, the reference's "
        "count). Counter has an & that does that. Divide by the candidate's runs, and watch out "
        "for a sentence that has none.",
        "Multiply the four, take ** (1 / 4), times 100, times the brevity penalty: 1 if the "
        "candidate is at least as long as the reference, else exp(1 − len(reference) / "
        "len(candidate)).",
    ],
    praise="Right: what was said, how much of it was wanted, and no reward for silence.",
)


@task.answer
def bleu(candidate, reference):
    ### BEGIN SOLUTION
    product = 1.0
    for n in (1, 2, 3, 4):
        said = Counter(tuple(candidate[i : i + n]) for i in range(len(candidate) - n + 1))
        wanted = Counter(tuple(reference[i : i + n]) for i in range(len(reference) - n + 1))
        matches = (said & wanted).total()
        if matches == 0:
            return 0.0
        product *= matches / said.total()
    brevity = min(1.0, math.exp(1 - len(reference) / len(candidate)))
    return 100 * brevity * product ** (1 / 4)
    ### END SOLUTION


@task.cases
def cases(seed):
    for name, candidate, reference in (
        (
            "a word is missing",
            "Tom trinkt jeden Tag Kaffee .",
            "Tom trinkt jeden Tag kalten Kaffee .",
        ),
        ("the reference itself", "Tom trinkt kalten Kaffee .", "Tom trinkt kalten Kaffee ."),
        (
            "it says everything twice",
            "Tom trinkt kalten Kaffee . Tom trinkt kalten Kaffee .",
            "Tom trinkt kalten Kaffee .",
        ),
        ("no run of four in common", "Tom trinkt Kaffee kalten", "Tom trinkt kalten Kaffee ."),
        ("three words", "Tom trinkt Kaffee", "Tom trinkt kalten Kaffee ."),
        ("three words, and all right", "Tom trinkt Kaffee", "Tom trinkt Kaffee"),
        ("a reference of three words", "Tom trinkt Kaffee im Garten", "Tom trinkt Kaffee"),
        ("nothing is said", "", "Tom trinkt kalten Kaffee ."),
        ("nothing in common", "wir gehen heute nach Hause", "Tom trinkt kalten Kaffee ."),
        (
            "two words where one belongs, and the end is right",
            "Tom der trinkt heute gern kalten Kaffee im Garten .",
            "Tom trinkt heute gern kalten Kaffee im Garten .",
        ),
        (
            "capitals, and words within words",
            "Der Mann sieht der Frau nach , der im Garten sitzt .",
            "der Mann sieht derb der Frau nach , der im Gartenhaus sitzt .",
        ),
        (
            "words that are the same when joined",
            "Tom und wir gehen im mer wieder gern nach Hause .",
            "Tom und wir gehen imm er wieder gern nach Hause .",
        ),
        ("one word five times", "da da da da da ist er", "da da da da ist er ja"),
        (
            "in another order, as long",
            "im Garten trinkt Tom heute gern kalten Kaffee .",
            "Tom trinkt heute gern kalten Kaffee im Garten .",
        ),
    ):
        yield Case(name, (candidate.split(), reference.split()))
    generator = random.Random(seed)
    words = "ich du wir gehen kommen heute nach Hause".split()
    reference = generator.choices(words, k=14)
    candidate = [*reference[:5], words[0], words[1], *reference[6:11]]
    yield Case("twelve words of eight", (candidate, reference))
    reference = generator.choices(words[:4], k=30)
    candidate = [*reference[4:16], *reference[2:9], *generator.choices(words[:5], k=16)]
    yield Case("35 words, many of them again and again", (candidate, reference))
    reference = generator.choices(words, k=25)
    yield Case("half is said, and that is right", (reference[8:20], reference))


@task.also_right
def with_lists(candidate, reference):
    logs = 0.0
    for n in range(1, 5):
        said = [candidate[i : i + n] for i in range(len(candidate) - n + 1)]
        left = [reference[i : i + n] for i in range(len(reference) - n + 1)]
        hits = 0
        for gram in said:
            if gram in left:
                left.remove(gram)
                hits += 1
        if hits == 0:
            return 0
        logs += math.log(hits / len(said)) / 4
    shortness = 0.0 if len(candidate) >= len(reference) else 1 - len(reference) / len(candidate)
    return 100.0 * math.exp(logs + shortness)


@task.also_right
def with_intersections(candidate, reference):
    product = 1.0
    for n in range(1, 5):
        said = Counter(zip(*(candidate[i:] for i in range(n)), strict=False))
        wanted = Counter(zip(*(reference[i:] for i in range(n)), strict=False))
        product *= (said & wanted).total() / max(1, said.total())
    if 0 < len(candidate) < len(reference):
        product *= math.exp(1 - len(reference) / len(candidate)) ** 4
    return 100 * product**0.25


@task.also_right
def with_texts_as_keys(candidate, reference):
    found = []
    for n in range(1, 5):
        said, wanted = {}, {}
        for words, counts in ((candidate, said), (reference, wanted)):
            for i in range(len(words) - n + 1):
                key = " ".join(words[i : i + n])
                counts[key] = counts.get(key, 0) + 1
        right = sum(min(count, wanted.get(key, 0)) for key, count in said.items())
        found.append(right / sum(said.values()) if said else 0)
    if 0 in found:
        return 0.0
    shortness = min(0, 1 - len(reference) / len(candidate))
    return 100 * np.exp(np.mean(np.log(found)) + shortness)


def n_grams(words, n):
    """Each run of n words, and how often it comes."""
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def clipped(said, wanted):
    return (said & wanted).total() / said.total() if said else 0.0


def geometric(precisions):
    return math.prod(precisions) ** (1 / len(precisions))


def penalty(candidate, reference):
    """The brevity penalty of two lengths."""
    return min(1.0, math.exp(1 - reference / candidate)) if candidate else 0.0


def measured(
    candidate,
    reference,
    *,
    precision=clipped,
    mean=geometric,
    brevity=penalty,
    sizes=(1, 2, 3, 4),
    runs=n_grams,
):
    """BLEU with one of its parts replaced."""
    found = [precision(runs(candidate, n), runs(reference, n)) for n in sizes]
    return 100 * brevity(len(candidate), len(reference)) * mean(found)


@task.mistake
def not_clipped(candidate, reference):
    """Counts are not clipped.

    Whoever says a right word twice is paid twice: saying the sentence twice costs nothing. A run
    counts at most as often as the reference has it: min of the two counts.
    """

    def precision(said, wanted):
        hits = sum(count for gram, count in said.items() if gram in wanted)
        return hits / said.total() if said else 0.0

    return measured(candidate, reference, precision=precision)


@task.mistake
def clipped_in_all(candidate, reference):
    """You clip the sum.

    At most as often as the reference has it: that is meant of each run by itself, before you add
    up. Else one that is said too often takes the place of another.
    """

    def precision(said, wanted):
        hits = sum(count for gram, count in said.items() if gram in wanted)
        return min(hits, wanted.total()) / said.total() if said else 0.0

    return measured(candidate, reference, precision=precision)


@task.mistake
def counts_of_the_reference(candidate, reference):
    """You count how often the reference has it.

    A run that it has three times and that was said once counts once: min of the two counts.
    """

    def precision(said, wanted):
        return sum(wanted[gram] for gram in said) / said.total() if said else 0.0

    return measured(candidate, reference, precision=precision)


@task.mistake
def kinds_of_runs(candidate, reference):
    """Each kind of run counts once.

    A set forgets how often. If the reference says “der” twice, saying it twice is right both times.
    Count with a Counter, and clip.
    """
    return measured(
        candidate, reference,
        precision=lambda said, wanted: len(said & wanted) / len(said) if said else 0.0,
    )  # fmt: skip


@task.mistake
def kinds_over_all(candidate, reference):
    """Each match counts once, and all runs are divided by.

    A run that both have twice is two matches. Take min of the two counts, and add those up.
    """
    return measured(
        candidate, reference,
        precision=lambda said, wanted: len(said & wanted) / said.total() if said else 0.0,
    )  # fmt: skip


@task.mistake
def recall(candidate, reference):
    """You divide by the reference's runs.

    That is recall: how much of the reference was said. BLEU asks how much of what was said is
    right, so divide by the candidate's runs, and leave shortness to the penalty.
    """
    return measured(
        candidate, reference,
        precision=lambda said, wanted: (said & wanted).total() / max(1, wanted.total()),
    )  # fmt: skip


@task.mistake
def divided_by_words(candidate, reference):
    """You divide by the number of words, whatever n.

    A sentence of 6 words has 5 runs of two, 4 of three, 3 of four. Divide by how many runs of this
    size there are.
    """
    words = max(1, len(candidate))
    return measured(
        candidate, reference,
        precision=lambda said, wanted: (said & wanted).total() / words,
    )  # fmt: skip


@task.mistake
def swapped(candidate, reference):
    """Candidate and reference are swapped.

    What was said is divided by, and compared with what was wanted: the candidate is said.
    """
    return measured(reference, candidate, brevity=lambda c, r: penalty(c, r) if r else 0.0)


@task.mistake
def penalty_upside_down(candidate, reference):
    """The brevity penalty is upside down.

    Yours punishes whoever says too much. Precision does that already; the penalty is for whoever
    says too little: exp(1 − reference / candidate).
    """
    return measured(candidate, reference, brevity=lambda c, r: min(1.0, math.exp(1 - c / r)))


@task.mistake
def prize_for_the_short(candidate, reference):
    """Saying too little is rewarded.

    exp(1 − candidate / reference) is above 1 for a short candidate, a prize. The other way round it
    is a penalty: exp(1 − reference / candidate).
    """
    return measured(
        candidate, reference, brevity=lambda c, r: math.exp(1 - c / r) if c < r else 1.0
    )


@task.mistake
def prize_for_the_long(candidate, reference):
    """Talking on is rewarded.

    For a candidate longer than its reference your penalty is above 1, a prize. It is 1 at most:
    min(1, …).
    """
    return measured(candidate, reference, brevity=lambda c, r: math.exp(1 - r / c) if c else 0.0)


@task.mistake
def other_case_penalized(candidate, reference):
    """Your penalty is for the wrong ones.

    You multiply where the candidate is longer. It is the shorter ones that get exp(1 − reference /
    candidate); the others get 1.
    """
    return measured(
        candidate, reference, brevity=lambda c, r: math.exp(1 - r / c) if c > r else 1.0
    )


@task.mistake
def no_penalty(candidate, reference):
    """There is no brevity penalty.

    Then it pays to say what is sure and be silent. A candidate shorter than the reference is
    multiplied by exp(1 − reference / candidate).
    """
    return measured(candidate, reference, brevity=lambda c, r: 1.0)


@task.mistake
def plain_ratio(candidate, reference):
    """Your brevity penalty is the ratio.

    Close, and close in size: 6 of 7 words give 0.857, where the penalty of 2002 gives exp(1 − 7/6)
    = 0.846.
    """
    return measured(candidate, reference, brevity=lambda c, r: min(1.0, c / r))


@task.mistake
def penalty_under_the_root(candidate, reference):
    """The brevity penalty is under the root.

    It is multiplied with the fourth root, and not with the product under it: a quarter of the
    penalty is left.
    """
    return measured(candidate, reference, brevity=lambda c, r: penalty(c, r) ** (1 / 4))


@task.mistake
def penalty_for_each_size(candidate, reference):
    """The brevity penalty is multiplied four times.

    Once, behind the loop. Within it each n multiplies it again.
    """
    return measured(candidate, reference, brevity=lambda c, r: penalty(c, r) ** 4)


@task.mistake
def ordinary_mean(candidate, reference):
    """You take the ordinary mean.

    BLEU multiplies the four and takes the fourth root (a geometric mean), so that one bad precision
    cannot hide behind three good ones.
    """
    return measured(candidate, reference, mean=lambda p: sum(p) / len(p))


@task.mistake
def ordinary_mean_or_nothing(candidate, reference):
    """You take the ordinary mean where no precision is 0.

    BLEU multiplies the four and takes the fourth root, a geometric mean: a bad precision counts for
    more than in a sum.
    """
    return measured(candidate, reference, mean=lambda p: sum(p) / len(p) if all(p) else 0.0)


@task.mistake
def summed(candidate, reference):
    """You add the four.

    They are multiplied, and then comes the fourth root.
    """
    return measured(candidate, reference, mean=sum)


@task.mistake
def no_root(candidate, reference):
    """The fourth root is missing.

    A product of four precisions is smaller than each of them. Its fourth root, ** (1 / 4), lies
    between them again.
    """
    return measured(candidate, reference, mean=math.prod)


@task.mistake
def quarter_of_the_product(candidate, reference):
    """You divide the product by 4.

    In Python ** is done before /, so that product ** 1 / 4 is a quarter of it. The fourth root has
    brackets: ** (1 / 4).
    """
    return measured(candidate, reference, mean=lambda p: math.prod(p) / 4)


@task.mistake
def square_root(candidate, reference):
    """You take the square root.

    There are four precisions, and it is the fourth root that lies between them: ** (1 / 4).
    """
    return measured(candidate, reference, mean=lambda p: math.sqrt(math.prod(p)))


@task.mistake
def fourth_power(candidate, reference):
    """You take the fourth power.

    The product is small already. Its fourth root is ** (1 / 4).
    """
    return measured(candidate, reference, mean=lambda p: math.prod(p) ** 4)


@task.mistake
def hundred_under_the_root(candidate, reference):
    """The 100 is under the root.

    Take the fourth root first; times 100 comes last.
    """
    return measured(candidate, reference, mean=lambda p: (100 * math.prod(p)) ** (1 / 4) / 100)


@task.mistake
def words_only(candidate, reference):
    """You count single words only.

    Words without their order: “Kaffee trinkt Tom” would be as good as “Tom trinkt Kaffee”. Runs of
    1, 2, 3 and 4 words.
    """
    return measured(candidate, reference, sizes=(1,))


@task.mistake
def words_only_and_their_root(candidate, reference):
    """You return after the first round.

    Runs of one word have been counted, and no others. The return stands behind the loop.
    """
    return measured(candidate, reference, sizes=(1,), mean=lambda p: p[0] ** (1 / 4))


@task.mistake
def fours_only(candidate, reference):
    """You count runs of four only.

    Each round replaces the precision of the one before. Multiply all four.
    """
    return measured(candidate, reference, sizes=(4,))


@task.mistake
def fours_only_and_their_root(candidate, reference):
    """Of the four precisions the last is left.

    product = … replaces what was there; product *= … multiplies. The root is then that of all four.
    """
    return measured(candidate, reference, sizes=(4,), mean=lambda p: p[0] ** (1 / 4))


@task.mistake
def up_to_three(candidate, reference):
    """You stop at three.

    range(1, 4) is 1, 2, 3. BLEU goes up to runs of four.
    """
    return measured(candidate, reference, sizes=(1, 2, 3))


@task.mistake
def up_to_three_with_the_fourth_root(candidate, reference):
    """You stop at three, and take the fourth root.

    range(1, 4) is 1, 2, 3. The fourth precision is that of runs of four: range(1, 5).
    """
    return measured(candidate, reference, sizes=(1, 2, 3), mean=lambda p: math.prod(p) ** (1 / 4))


@task.mistake
def from_zero_to_three(candidate, reference):
    """You count from 0.

    range(4) is 0, 1, 2, 3, and nobody says runs of 0 words. range(1, 5).
    """
    return measured(candidate, reference, sizes=(0, 1, 2, 3))


@task.mistake
def last_run_missing(candidate, reference):
    """The last run of each size is missing.

    In a sentence of 6 words there are 5 runs of two: they start at 0 … 4, which is
    range(len(words) − n + 1).
    """
    return measured(candidate, reference, runs=lambda words, n: n_grams(words[:-1], n))


@task.mistake
def short_runs_at_the_end(candidate, reference):
    """Your last runs are too short.

    A slice that reaches beyond the end is cut off there, so ("Kaffee", ".") is counted among the
    runs of four. They start at 0 … len(words) − n.
    """
    return measured(
        candidate, reference,
        runs=lambda words, n: Counter(tuple(words[i : i + n]) for i in range(len(words))),
    )  # fmt: skip


@task.mistake
def side_by_side(candidate, reference):
    """Your runs stand side by side.

    A run of two starts at every word, not at every second one: they overlap.
    """
    return measured(
        candidate, reference,
        runs=lambda words, n: Counter(
            tuple(words[i : i + n]) for i in range(0, len(words) - n + 1, n)
        ),
    )  # fmt: skip


@task.mistake
def order_forgotten(candidate, reference):
    """Your runs have forgotten their order.

    “trinkt Tom” is not “Tom trinkt”. Keep a run as it stands, as a tuple.
    """
    return measured(
        candidate, reference,
        runs=lambda words, n: Counter(
            tuple(sorted(words[i : i + n])) for i in range(len(words) - n + 1)
        ),
    )  # fmt: skip


@task.mistake
def joined(candidate, reference):
    """You join the words of a run without a blank.

    “im mer” and “imm er” are the same then. A tuple keeps its words apart.
    """
    return measured(
        candidate, reference,
        runs=lambda words, n: Counter(
            "".join(words[i : i + n]) for i in range(len(words) - n + 1)
        ),
    )  # fmt: skip


@task.mistake
def letters(candidate, reference):
    """You count runs of letters.

    A text is a row of letters, and a list of words is a row of words: leave it a list.
    """

    def spelled(words):
        return list(" ".join(words))

    return 100 * penalty(len(candidate), len(reference)) * geometric(
        [clipped(n_grams(spelled(candidate), n), n_grams(spelled(reference), n))
         for n in (1, 2, 3, 4)]
    )  # fmt: skip


@task.mistake
def lower_case(candidate, reference):
    """You made everything lower-case.

    Some programs do, and say so. Here Der and der are two words.
    """
    return bleu([word.lower() for word in candidate], [word.lower() for word in reference])


@task.mistake
def found_within_words(candidate, reference):
    """You search in the text.

    “Garten” is found in “Gartenhaus”, too, and nobody said that. Compare runs of words with runs of
    words.
    """
    text = " ".join(reference)

    def precision(said, wanted):
        hits = sum(min(count, text.count(" ".join(gram))) for gram, count in said.items())
        return hits / said.total() if said else 0.0

    return measured(candidate, reference, precision=precision)


@task.mistake
def same_places_only(candidate, reference):
    """You compare what stands at the same place.

    Then one missing word makes all that follow wrong. A run counts wherever the reference has it.
    """

    def numbered(words, n):
        return Counter((i, *words[i : i + n]) for i in range(len(words) - n + 1))

    return measured(candidate, reference, runs=numbered)


@task.mistake
def from_zero_to_one(candidate, reference):
    """Your score goes from 0 to 1.

    Right, as a fraction. BLEU is written from 0 to 100.
    """
    return bleu(candidate, reference) / 100


@task.mistake
def zeros_left_out(candidate, reference):
    """Precisions of 0 are left out.

    With no run of four in common the product is 0, and so is BLEU. Leaving the zero out makes a bad
    sentence look good. (Programs smooth it instead, and say how.)
    """

    def mean(precisions):
        found = [p for p in precisions if p]
        return math.prod(found) ** (1 / len(found)) if found else 0.0

    return measured(candidate, reference, mean=mean)


@task.mistake
def zeros_skipped(candidate, reference):
    """Precisions of 0 are not multiplied.

    They are precisions like others: with no run of four in common the score is 0.
    """
    return measured(
        candidate, reference,
        mean=lambda p: math.prod(x for x in p if x) ** (1 / 4) if any(p) else 0.0,
    )  # fmt: skip


@task.mistake
def long_runs_left_out(candidate, reference):
    """You leave out runs that are longer than the candidate.

    A candidate of three words has no run of four to count, and the score is 0: that is the rule
    here, even if all three are right. (The same if nothing to count counts as all right.)
    """
    sizes = range(1, min(4, len(candidate)) + 1)
    return measured(candidate, reference, sizes=sizes) if candidate else 0.0


@task.mistake
def runs_longer_than_the_reference_left_out(candidate, reference):
    """You leave out runs that are longer than the reference.

    Whoever says five words where three were wanted says two runs of four, and neither is in the
    reference: a precision of 0, and a score of 0.
    """
    sizes = range(1, min(4, len(reference)) + 1)
    return measured(candidate, reference, sizes=sizes) if len(candidate) >= 4 else 0.0


@task.mistake
def nothing_divided_by_nothing(candidate, reference):
    """You divide by 0.

    A candidate of three words has no run of four. Where there is nothing to count the score is 0:
    look before you divide.
    """
    return measured(
        candidate, reference, precision=lambda said, wanted: (said & wanted).total() / said.total()
    )


@task.mistake
def harmonic_mean(candidate, reference):
    """You take the harmonic mean.

    That is for speeds, and for precision and recall. BLEU multiplies the four and takes the fourth
    root.
    """
    return measured(
        candidate, reference, mean=lambda p: len(p) / sum(1 / x for x in p) if all(p) else 0.0
    )


@task.mistake
def smoothed(candidate, reference):
    """You smooth.

    One is added above and below, so that no precision is 0. Programs do that, and say so; here a
    precision of 0 makes the score 0.
    """
    return measured(
        candidate, reference,
        precision=lambda said, wanted: ((said & wanted).total() + 1) / (said.total() + 1),
    )  # fmt: skip
