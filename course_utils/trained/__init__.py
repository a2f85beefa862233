"""Models that come trained: the course's own recipes and folders, and published weights.

recipes.py   the three models of the course, each as the numbers that it is made of
folders.py   a trained model's folder: writing, loading, measuring
minilm.py    all-MiniLM-L6-v2, published by others, in the course's own encoder
"""

from course_utils.trained.folders import Trained, load_memory, load_shakespeare, load_translator

__all__ = ["Trained", "load_memory", "load_shakespeare", "load_translator"]
