"""The interactive explorers. Each is a pair of files here: NAME.py and NAME.js."""

from course_utils.widgets.bet import bet

__all__ = ["bet"]
