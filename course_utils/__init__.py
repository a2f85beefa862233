"""The shared, tested code of the course Attention Optional.

Importing this package is cheap: torch is loaded by the modules that need it, not here.
"""

from course_utils import threads

__version__ = "0.1.0"

# Must happen before anybody imports torch, so it happens as soon as anybody imports the course.
threads.apply()
