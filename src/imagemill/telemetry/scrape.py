"""Metrics read back from what `/metrics` answers, for those who show them to people."""

from prometheus_client.parser import text_string_to_metric_families


def parse_by_state(text: str) -> dict[str, dict[str, float]]:
    """Return the values by the metric's name, then by its label `state`, empty where it has none.

    Raises ValueError when the text is none of Prometheus' format.
    """
    values: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            values.setdefault(sample.name, {})[sample.labels.get("state", "")] = sample.value
    return values
