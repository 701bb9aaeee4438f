"""What a client may ask for, validated before any picture is seen. Knows no libvips."""
