"""Lesson 11, the theorem as a program: its tasks, and the ways in which they go wrong."""

from course_utils.exercises.lesson_11 import gaps, peel, selective_shift

TASKS = [gaps.task, selective_shift.task, peel.task]
