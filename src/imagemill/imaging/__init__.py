"""Pictures in, pictures out. Knows no jobs, no database and no network.

Others use `pipeline` (what may be asked for), `presets`, `formats`, `errors` and `sandbox`; these
never load libvips. The rest runs in the sandbox's image processes.
"""
