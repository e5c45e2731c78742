"""The second ear: judges users' texts on which the word lists were silent or in doubt, after the batch's commit."""
