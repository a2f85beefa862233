"""Lesson 03, attention: a soft dictionary, the famous function, a mask, a whole head."""

from course_utils.exercises.lesson_03 import (
    padding_mask,
    scaled_dot_product_attention,
    self_attention,
    soft_lookup,
)

TASKS = [
    soft_lookup.task,
    scaled_dot_product_attention.task,
    padding_mask.task,
    self_attention.task,
]
