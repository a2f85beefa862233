"""Lesson 00's one small task, to practise on."""

from course_utils.exercises.lesson_00 import weighted_average

TASKS = [weighted_average.task]
