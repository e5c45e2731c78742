"""Ways to send: SMTP with a password or a token, Microsoft Graph, files."""
