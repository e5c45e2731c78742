"""The ticket's page: a small web service of its own, reached by the signed links in the mails."""
