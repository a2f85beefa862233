"""What the two tasks about attention have in common."""

from course_utils.checks.sizes import with_no_table

LONG = 1_000  # tokens, from which on nobody may write a table of all with all


def without_a_table(answer, query, *rest):
    """The answer; where the text is long, no tensor on the way is half as large as n × n."""
    n = len(query)
    return with_no_table(answer, query, *rest, allowed=n * n // 2 if n >= LONG else 10**9)
