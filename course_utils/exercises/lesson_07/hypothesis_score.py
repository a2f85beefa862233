"""Long and short on one scale: a sum of log-probabilities over a length penalty.

Wu et al. 2016, "Google's Neural Machine Translation System", equation 14, without the coverage
penalty.
"""

import math

import numpy as np
import torch

from course_utils.checks.task import Case, Task

task = Task(
    "07.hypothesis_score",
    "Long and short on one scale",
    section="Why the beam likes them short",
    hints=[
        "First the whole sentence's log-probability: multiply probabilities, add their logs.",
        "Then its length in words. The list has one number more than there are words, because "
        "</s> was paid for, too.",
        "sum(log_probabilities) / ((5 + words) / 6) ** alpha. Mind the brackets.",
    ],
    praise="Right. With α = 0 the short win; the larger α is, the less a word costs the long.",
)


@task.answer
def hypothesis_score(log_probabilities, alpha):
    ### BEGIN SOLUTION
    words = len(log_probabilities) - 1
    return sum(log_probabilities) / ((5 + words) / 6) ** alpha
    ### END SOLUTION


@task.cases
def cases(seed):
    tom = [math.log(0.5), math.log(0.4), math.log(0.8)]
    yield Case("two words, α = 0.6", (tom, 0.6))
    yield Case("two words, no penalty", (tom, 0.0))
    generator = torch.Generator().manual_seed(seed)

    def drawn(words, size=1.0):
        return (-size * (0.1 + torch.rand(words + 1, generator=generator))).tolist()

    yield Case("7 words, α = 0.6", (drawn(7), 0.6))
    yield Case("12 words, α = 1", (drawn(12), 1))
    yield Case("4 words, α = 1.4", (drawn(4), 1.4))
    yield Case("9 words, α = 2", (drawn(9), 2))
    yield Case("one word", (drawn(1), 0.7))
    yield Case("no word: it ended at once", (drawn(0), 0.9))
    yield Case("100 words", (drawn(100, size=5.0), 0.35))
    yield Case("words as good as certain", (drawn(6, size=0.001), 0.8))
    yield Case("certain words, and an end that is not", ([0.0, 0.0, 0.0, -2.5], 0.6))


@task.also_right
def by_torch(log_probabilities, alpha):
    penalty = torch.tensor((5 + len(log_probabilities[:-1])) / 6) ** alpha
    return torch.tensor(log_probabilities).sum() / penalty


@task.also_right
def with_a_loop(log_probabilities, alpha):
    total = 0.0
    for number in log_probabilities:
        total += number
    return total * math.exp(-alpha * math.log((4 + len(log_probabilities)) / 6))


@task.also_right
def with_numpy(log_probabilities, alpha):
    words = np.size(log_probabilities) - 1
    return np.sum(log_probabilities) * np.power(6 / (5 + words), alpha)


@task.also_right
def by_the_product(log_probabilities, alpha):
    *words, end = log_probabilities
    return (math.fsum(words) + end) / math.pow((len(words) + 5) / 6, alpha)


def scored(log_probabilities, alpha, *, total=sum, penalty=lambda n, a: ((5 + n) / 6) ** a):
    """The score with another total, or another penalty of (words, alpha)."""
    return total(log_probabilities) / penalty(len(log_probabilities) - 1, alpha)


@task.mistake
def bare_sum(log_probabilities, alpha):
    """Nothing is divided.

    That is the bare log-probability, in which each further word costs something: the shortest
    sentence wins. Divide by ((5 + words) / 6)^α.
    """
    return sum(log_probabilities)


@task.mistake
def mean_over_words(log_probabilities, alpha):
    """You divide by the number of words.

    That is the mean, and it has no α. The penalty of 2016 is gentler: ((5 + words) / 6)^α, which is
    1 for a sentence of one word whatever α.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: n)


@task.mistake
def mean_over_tokens(log_probabilities, alpha):
    """You divide by the number of tokens.

    That is the mean over all tokens, </s> too, and it has no α. The penalty is ((5 + words) / 6)^α.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: n + 1)


@task.mistake
def end_is_a_word(log_probabilities, alpha):
    """The end token is counted as a word.

    </s> has its share in the sum, because ending costs probability, too. It is no word, though: the
    length is one less than the list.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: ((6 + n) / 6) ** a)


@task.mistake
def one_word_short(log_probabilities, alpha):
    """You count one word too few.

    The list has a number for each word and one for </s>, and none for <s>: words is one less than
    the list, and not two.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: ((4 + n) / 6) ** a)


@task.mistake
def ending_is_free(log_probabilities, alpha):
    """Ending is free.

    You left the last number out of the sum. To stop here was a decision like any other, and the
    model gave it a probability. Only the length leaves it out.
    """
    return scored(log_probabilities, alpha, total=lambda numbers: sum(numbers[:-1]))


@task.mistake
def ending_is_a_free_word(log_probabilities, alpha):
    """You have </s> the wrong way round.

    You left it out of the sum and counted it in the length. It was paid for, so it is in the sum;
    it is no word, so it is not in the length.
    """
    return scored(
        log_probabilities,
        alpha,
        total=lambda numbers: sum(numbers[:-1]),
        penalty=lambda n, a: ((6 + n) / 6) ** a,
    )


@task.mistake
def first_is_free(log_probabilities, alpha):
    """You left out the first number.

    It is the first word's. There is none for <s>: all numbers belong to the sum.
    """
    return scored(log_probabilities, alpha, total=lambda numbers: sum(numbers[1:]))


@task.mistake
def probabilities_added(log_probabilities, alpha):
    """You added probabilities.

    Probabilities of words that follow each other are multiplied. What adds up are their logarithms,
    and you have been given those: no exp. (A sum of probabilities grows with each word; the longest
    sentence would win.)
    """
    return scored(log_probabilities, alpha, total=lambda numbers: sum(map(math.exp, numbers)))


@task.mistake
def logarithms_multiplied(log_probabilities, alpha):
    """You multiplied log-probabilities.

    Probabilities are multiplied; their logarithms are added. A product of negative numbers even
    changes its sign with each word.
    """
    return scored(log_probabilities, alpha, total=math.prod)


@task.mistake
def back_to_probabilities(log_probabilities, alpha):
    """You went back to probabilities.

    exp of the sum is the sentence's probability. The score divides the logarithm itself.
    """
    return scored(log_probabilities, alpha, total=lambda numbers: math.exp(sum(numbers)))


@task.mistake
def probability_of_the_score(log_probabilities, alpha):
    """You took e to the power of the score.

    The score is a logarithm divided by a penalty, and stays one: below 0, the nearer the better.
    """
    return math.exp(hypothesis_score(log_probabilities, alpha))


@task.mistake
def negated(log_probabilities, alpha):
    """Your score is above 0.

    Logarithms of probabilities are 0 or less, and so is their sum. Without the sign the worst
    sentence has the largest score.
    """
    return -hypothesis_score(log_probabilities, alpha)


@task.mistake
def mean_and_penalty(log_probabilities, alpha):
    """You take the mean first, and then the penalty as well.

    One division is enough: sum / ((5 + words) / 6)^α.
    """
    return scored(log_probabilities, alpha, total=lambda numbers: sum(numbers) / len(numbers))


@task.mistake
def mean_over_words_and_penalty(log_probabilities, alpha):
    """You divide by the words first, and then by the penalty as well.

    The length is in the penalty already: sum / ((5 + words) / 6)^α.
    """
    return hypothesis_score(log_probabilities, alpha) / (len(log_probabilities) - 1)


@task.mistake
def multiplied(log_probabilities, alpha):
    """You multiply by the penalty.

    A sum of logarithms is negative, so a larger factor makes a long sentence look worse still.
    Divide.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: ((5 + n) / 6) ** -a)


@task.mistake
def alpha_is_a_factor(log_probabilities, alpha):
    """You take α for a factor.

    α times a number only changes the unit. It is an exponent: **alpha.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: (5 + n) / 6 * a)


@task.mistake
def no_alpha(log_probabilities, alpha):
    """You do not use α.

    That is the score at α = 1. The power is missing: **alpha.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: (5 + n) / 6)


@task.mistake
def alpha_written_in(log_probabilities, alpha):
    """You always take 0.6.

    It is a usual α, and the caller may want another: **alpha.
    """
    return hypothesis_score(log_probabilities, 0.6)


@task.mistake
def whole_division(log_probabilities, alpha):
    """You divide without a remainder.

    // rounds down to a whole number, and so sentences of one to six words have the same penalty. It
    is / that divides.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: ((5 + n) // 6) ** a)


@task.mistake
def power_before_the_sixth(log_probabilities, alpha):
    """The power is taken before the sixth.

    The brackets: ((5 + words) / 6), and all of it to the power of α. In Python ** is done before /.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: (5 + n) ** a / 6)


@task.mistake
def power_of_the_six(log_probabilities, alpha):
    """The power is that of the 6 alone.

    In Python ** is done before /, so that (5 + words) / 6 ** alpha raises the 6. Brackets around
    the fraction: ((5 + words) / 6) ** alpha.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: (5 + n) / 6**a)


@task.mistake
def sixth_of_the_words(log_probabilities, alpha):
    """You take a sixth of the words only.

    5 + words / 6 divides before it adds. Brackets around the sum: (5 + words) / 6.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: (5 + n / 6) ** a)


@task.mistake
def no_brackets_around_the_penalty(log_probabilities, alpha):
    """You divide by the 6 instead of by a sixth.

    a / b / c divides by both. The penalty is one number, in brackets of its own, and the power is
    that of all of it: sum / ((5 + words) / 6) ** alpha.
    """
    return sum(log_probabilities) / (4 + len(log_probabilities)) / 6**alpha


@task.mistake
def no_brackets_but_the_power(log_probabilities, alpha):
    """The penalty falls apart.

    sum / (5 + words) ** alpha / 6 divides by 6, whatever α. The fraction has brackets of its own,
    and the power stands behind them: ((5 + words) / 6) ** alpha.
    """
    return sum(log_probabilities) / (4 + len(log_probabilities)) ** alpha / 6


@task.mistake
def power_of_all(log_probabilities, alpha):
    """You raise the whole fraction to α.

    The sum is below 0, and a broken power of it is no real number. The penalty alone has the power,
    and divides.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: (5 + n) / 6) ** alpha


@task.mistake
def root(log_probabilities, alpha):
    """You take the α-th root.

    Then a large α makes the penalty small. It is a power: **alpha.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: ((5 + n) / 6) ** (1 / a))


@task.mistake
def five_and_six_swapped(log_probabilities, alpha):
    """You have the five and the six the wrong way round.

    (6 + words) / 5 is more than 1 for a single word. (5 + 1) / 6 is 1.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: ((6 + n) / 5) ** a)


@task.mistake
def words_to_the_alpha(log_probabilities, alpha):
    """The five and the six are gone.

    words^α is used, too (fairseq's is the mean at α = 1). The penalty of this task is Wu's:
    ((5 + words) / 6)^α, for which the first few words hardly matter.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: n**a)


@task.mistake
def tokens_to_the_alpha(log_probabilities, alpha):
    """You divide by the length of the list to the power of α.

    The penalty of this task is Wu's, ((5 + words) / 6)^α, and </s> is no word.
    """
    return scored(log_probabilities, alpha, penalty=lambda n, a: (n + 1) ** a)


@task.mistake
def penalty_alone(log_probabilities, alpha):
    """You returned the penalty.

    It is what the sum of the log-probabilities is divided by.
    """
    return ((4 + len(log_probabilities)) / 6) ** alpha


@task.mistake
def penalty_subtracted(log_probabilities, alpha):
    """You subtract the penalty.

    The sum is divided by it, so that what a word costs gets smaller in a long sentence.
    """
    return sum(log_probabilities) - ((4 + len(log_probabilities)) / 6) ** alpha
