"""Jobs: states and transitions (pure), and all SQL on them. Knows no HTTP and no images."""
