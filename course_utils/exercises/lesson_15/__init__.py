"""Lesson 15, waves: its tasks, and the ways in which they go wrong."""

from course_utils.exercises.lesson_15 import back, butterfly, period, spectrum

TASKS = [spectrum.task, back.task, butterfly.task, period.task]
