"""The papers' experiments at three sizes: quick (seconds), laptop (an hour), paper (their own).

    choices         a pattern, its number, and how its parts share layers and heads
    runs            one training run as a value; many of them, side by side, stored as they finish
    report          means and spreads over seeds, as a table and as a figure
    copying, language, translation, classification
                    the four tasks: what is trained, and what is measured
    sparse          the experiment of Yun et al. 2020, made of the above

`results/` holds what `python -m course_utils reproduce sparse --size laptop` measured.
"""
