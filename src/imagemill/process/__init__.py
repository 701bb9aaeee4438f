"""`imagemill process`: processes many files through a running imagemill, or through a local one."""
