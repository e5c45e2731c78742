"""The exporter: what Prometheus reads."""
