"""`imagemill process`: many files through a running imagemill, or one that lives meanwhile."""
