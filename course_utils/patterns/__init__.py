"""Who may look at whom: sparse patterns, and what makes one good enough.

A pattern is a value: for each query, the sorted list of keys that it may look at. It is no layer;
`course_utils.mixers.SparseAttention` takes one. Patterns for the heads of a layer, or for layers
that take turns, are plain sequences of them.

Positions count from 0, as in Python; Yun et al. 2020, whose definitions these are, count from 1.
"""

from course_utils.patterns.assumption import Answer, AssumptionReport, check_assumption
from course_utils.patterns.combine import multihead, sequential, union
from course_utils.patterns.named import (
    bigbird,
    dense,
    fixed,
    random,
    self_only,
    star,
    strided,
    window,
)
from course_utils.patterns.pattern import Pattern
from course_utils.patterns.spread import reach

__all__ = [
    "Answer",
    "AssumptionReport",
    "Pattern",
    "bigbird",
    "check_assumption",
    "dense",
    "fixed",
    "multihead",
    "random",
    "reach",
    "self_only",
    "sequential",
    "star",
    "strided",
    "union",
    "window",
]
