"""Lesson 08, a language model of characters: its four tasks.

A text is its own answer sheet, so nothing complains when targets stand in the wrong place; and a
number of bits looks like a number of nats. Most of these mistakes run, train and print something.
"""

from course_utils.exercises.lesson_08 import (
    bits_per_character,
    next_characters,
    top_p,
    with_temperature,
)

TASKS = [next_characters.task, bits_per_character.task, with_temperature.task, top_p.task]
