"""The event stream and the inbox: reading, decoding, storing once, setting aside, trimming."""
