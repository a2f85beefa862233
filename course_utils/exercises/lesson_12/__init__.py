"""Lesson 12, the proof's conditions put out one by one: its tasks, and how they go wrong."""

from course_utils.exercises.lesson_12 import cold_enough, layers_until_heard, told_apart

TASKS = [layers_until_heard.task, told_apart.task, cold_enough.task]
