"""Trains the second ear: texts, embeddings, classifier, figures."""
