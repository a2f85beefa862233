"""Lesson 11, the theorem as a program: its five tasks, and the ways in which they go wrong."""

from course_utils.exercises.lesson_11 import (
    cold_enough,
    gaps,
    layers_until_heard,
    peel,
    selective_shift,
)

TASKS = [gaps.task, layers_until_heard.task, selective_shift.task, peel.task, cold_enough.task]
