"""What a user can mend. Standard library only: it is spoken of before anything is installed."""


class Problem(Exception):
    """Something the user can mend. Its text is one sentence that says how; no traceback is due."""
