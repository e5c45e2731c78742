"""Guards for what Celery does wrong: bytes that are no message, requests that end a worker."""
