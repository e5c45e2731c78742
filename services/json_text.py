"""JSON for PostgreSQL and Redis, with letters of all languages as they are."""

from json import JSONEncoder

# One encoder for all: `json.dumps` with an option makes a new one for each call, which costs more than a short text.
json_text = JSONEncoder(ensure_ascii=False).encode
