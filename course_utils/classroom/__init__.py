"""What a teacher needs around the lessons: thin over nbgrader."""
