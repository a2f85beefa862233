"""Lesson 18, the bake-off: its tasks, and the ways in which they go wrong."""

from course_utils.exercises.lesson_18 import against, front, my_mixer

TASKS = [front.task, against.task, my_mixer.task]
