"""The code broken on purpose, one promise after the other, to see that a test or a storm finds each."""
