"""Settings, policy, contacts and word lists: everything that may differ from one installation to the next."""
