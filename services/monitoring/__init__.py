"""Health, alerts, metrics, log context and the webhooks that tell of them."""
