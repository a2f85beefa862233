"""Lesson 04, many heads and the encoder block: split, merge, attend, normalise, assemble."""

from course_utils.exercises.lesson_04 import (
    layer_norm,
    merge_heads,
    multi_head_attention,
    pre_norm_block,
    split_heads,
)

TASKS = [
    split_heads.task,
    merge_heads.task,
    multi_head_attention.task,
    layer_norm.task,
    pre_norm_block.task,
]
