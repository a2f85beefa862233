"""nbgrader's settings for this course. Its commands find this file when run in this folder.

The teacher's notebooks are in solutions/; what learners get is in exercises/. `python -m
course_utils release` makes the second from the first; `nbgrader generate_assignment` does too, but
for the stable form in which this repository keeps them.
"""

c = get_config()  # noqa: F821  (nbgrader provides it)

c.CourseDirectory.course_id = "attention-optional"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

# An untouched exercise runs without an error: its functions return nothing, and the checks say so.
c.ClearSolutions.code_stub = {"python": "..."}
c.ClearSolutions.text_stub = "*Your answer goes here.*"

# A check stops an answer after two seconds for each case; loops outside of checks end here.
c.Execute.timeout = 60
