"""The exercises' checks: they answer back.

check("03.padding_mask", padding_mask)   is it right, and if not, what was the thought behind it?
hint("03.padding_mask")                  a nudge; each call gives the next
reveal("03.padding_mask")                an answer; it is noted that you looked
progress()                               what you have done so far
"""

__all__ = ["check", "hint", "progress", "reveal"]


def __getattr__(name: str):
    """Load the checks, and with them torch, only when somebody asks for them."""
    if name in ("check", "hint", "reveal"):
        from course_utils.checks import engine

        return getattr(engine, name)
    if name == "progress":
        from course_utils.checks.dashboard import progress

        return progress
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
