"""What any mixer can be tried on: copying, a language model, translation, classification."""
