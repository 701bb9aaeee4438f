"""The pages for people: uploads, all jobs, a job, and the status of the service.

Plain HTML, CSS and ES modules in `static/`, served as they are. They use the same API as every
client, so there is nothing that a page can do and a program cannot.
"""
