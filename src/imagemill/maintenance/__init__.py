"""Maintenance: retention, deletion of files, orphans and quarantine, each on its schedule."""
