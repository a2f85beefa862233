"""Lesson 14, what trains and what only could: its tasks, and the ways in which they go wrong."""

from course_utils.exercises.lesson_14 import arrives, bags, louder_first

TASKS = [bags.task, arrives.task, louder_first.task]
