"""Lesson 07, making a model speak: its five tasks, and the ways in which they go wrong.

Most of these mistakes still say something that looks like a sentence, or a number like a score. The
models here are tables, small enough to be read: what comes next depends on the last two tokens and
on how many there are, so that whoever hands on too little, too much or the wrong row is found out.
"""

from course_utils.exercises.lesson_07 import (
    attend_with_cache,
    beam_step,
    bleu,
    greedy_decode,
    hypothesis_score,
)

TASKS = [
    greedy_decode.task,
    hypothesis_score.task,
    beam_step.task,
    attend_with_cache.task,
    bleu.task,
]
