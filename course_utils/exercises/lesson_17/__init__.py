"""Lesson 17, where does it keep its facts?: its tasks, and the ways in which they go wrong."""

from course_utils.exercises.lesson_17 import all_attention, as_memory, how_many, share

TASKS = [as_memory.task, all_attention.task, share.task, how_many.task]
