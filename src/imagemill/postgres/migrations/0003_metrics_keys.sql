-- Keys that may read /metrics and nothing else, for the configuration of a Prometheus.
ALTER TABLE api_keys
    ADD COLUMN is_metrics_only boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT admin_or_metrics_only CHECK (NOT (is_admin AND is_metrics_only));
