"""What the templates show: one module for each part of a mail."""
