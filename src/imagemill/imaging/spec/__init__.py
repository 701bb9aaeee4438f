"""The pipeline that a client sends, validated before any picture is opened. Free of libvips."""
