"""`imagemill backup` and `imagemill restore`: one folder with all jobs, keys and files."""
