"""What clients may ask for: a file for each kind of thing, in the words of HTTP."""
