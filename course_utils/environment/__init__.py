"""Everything before the lessons: making the environment, opening JupyterLab, running the tests.

Standard library only: these modules run on a bare Python, before anything is installed.

    pins      which versions, read from pyproject.toml and constraints.txt
    places    where each system keeps interpreters and browsers
    pip       pip with a sign of life, and its failures in one sentence
    install   .venv: made, known to be ready, remade when broken
    offered   what the course hands out to learners
    workspace my_course/: the learner's copies, handed out and brought up to date
    lab       JupyterLab, set up for somebody who meets it for the first time
    testing   the test command's stages
    doctor    what is there, what is missing, and the mend
    selftest  the same, as lesson 00's first cell asks it
"""
