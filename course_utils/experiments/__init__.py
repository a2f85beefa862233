"""The papers' experiments at three sizes: quick (seconds), laptop (an hour), paper (their own).

    trials          what is tried: a candidate (any mixer with its settings), how deep, by which
                    recipe, from which beginning
    tasks/          what it is tried on: copying, language, translation, hidden words, speed …
    workers         trials side by side, in processes or on a cluster
    store           results on the disk, as they come
    report          means and spreads over seeds, as a table and as a figure
    experiment      all of this as one command
    described       what `reproduce` says of each experiment, and which options it takes
    sparse          the experiment of Yun et al. 2020: its candidates (`choices`) and its claims
    universal       the theorem of Yun et al. 2020, run on every input
    fnet, memory    two more papers: waves, and vectors in place of feed-forward layers
    bakeoff         every mixer on the same tasks (`named`), and a guest (`own`)
    relays, warmup  questions of lessons 14 and 06

`results/` holds what `python3 -m course_utils reproduce NAME --size laptop` measured. A new
experiment is a class of `Candidate`, an `Experiment`, its module's name in
`commands/reproduce.py` and its words in `described`.
"""
