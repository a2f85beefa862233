"""Exercise 09: attention that never writes its table, and when attention is the larger bill."""

from course_utils.exercises.lesson_09 import attention_in_pieces, crossover, read_on

TASKS = [read_on.task, attention_in_pieces.task, crossover.task]
