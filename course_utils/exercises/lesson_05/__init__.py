"""Lesson 05, the decoder: its four tasks, and the ways in which people get them wrong."""

from course_utils.exercises.lesson_05 import (
    causal_mask,
    cross_attention,
    decoder_block,
    teacher_forcing,
)

TASKS = [causal_mask.task, teacher_forcing.task, cross_attention.task, decoder_block.task]
