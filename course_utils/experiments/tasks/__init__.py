"""What any mixer can be tried on: copying, a language model, translation, classification.

A task is a module with its settings at three sizes (SIZES), the name of what is measured (METRIC)
and which way that is better (BEST), and `measure(trial, settings)`, which trains the trial's model.
"""
