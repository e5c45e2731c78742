"""The database's shape: migration, comparison, rights, protection."""
