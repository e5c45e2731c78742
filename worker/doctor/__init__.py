"""The doctor: tries every part and says what is wrong and what to do."""
