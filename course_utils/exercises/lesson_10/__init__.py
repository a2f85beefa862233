"""Exercise 10, who may look at whom: a street, avenues, doors, the bill, a rumour."""

from course_utils.exercises.lesson_10 import open_doors, reach, strided_masks, unite, window_mask

TASKS = [
    window_mask.task,
    strided_masks.task,
    open_doors.task,
    unite.task,
    reach.task,
]
