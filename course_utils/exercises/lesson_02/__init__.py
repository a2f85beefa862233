"""Lesson 02, where am I: what a shuffle changes, the clocks, and turning vectors."""

from course_utils.exercises.lesson_02 import add_positions, rotate, shuffle_gap, sinusoidal

TASKS = [shuffle_gap.task, sinusoidal.task, add_positions.task, rotate.task]
