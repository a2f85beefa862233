"""Lesson 16, FNet: its tasks, and the ways in which they go wrong."""

from course_utils.exercises.lesson_16 import asked_loss, hide, mix, on_top

TASKS = [mix.task, on_top.task, hide.task, asked_loss.task]
