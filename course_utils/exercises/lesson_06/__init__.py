"""Lesson 06, teaching it to translate: its four tasks, and the ways in which they go wrong."""

from course_utils.exercises.lesson_06 import learning_rate, masked_loss, pad_batch, smoothed_loss

TASKS = [pad_batch.task, masked_loss.task, smoothed_loss.task, learning_rate.task]
