"""Delivery: claiming mails, recording what became of them, taking over what a killed sender left."""
