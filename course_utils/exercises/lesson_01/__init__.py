"""Lesson 01, words into numbers: counting pairs, merging them, cutting words, finding neighbours.

Words are lists of pieces, and pieces are strings, as in the lesson.
"""

from course_utils.exercises.lesson_01 import count_pairs, cut_word, merge_pair, nearest

TASKS = [count_pairs.task, merge_pair.task, cut_word.task, nearest.task]
