"""What the daemon answers over HTTP: webhooks, health, metrics and a small API. It decides nothing."""
