"""The exercises: a folder for each lesson, in it a file for each task.

`course_utils/checks/task.py` says how a task is declared, and CONTRIBUTING.md how to add one.
"""
