"""What tests of several rooms share: real services as processes, and small pictures."""
