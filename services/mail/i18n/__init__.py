"""Languages of the mails: catalogs, labels, dates and numbers."""
