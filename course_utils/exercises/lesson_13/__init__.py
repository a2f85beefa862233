"""Lesson 13, sparse for real: its tasks, and the ways in which they go wrong.

Nearly all of these mistakes keep the shapes and train without a complaint, to something else. So
every case has tokens at an edge, a list with strangers on it, and numbers that all differ.
"""

from course_utils.exercises.lesson_13 import (
    attend_by_lists,
    shopping_lists,
    strided_attention,
)

TASKS = [shopping_lists.task, attend_by_lists.task, strided_attention.task]
