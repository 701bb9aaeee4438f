-- The workers that run (jobs/worker_registry.py). A worker writes its row at its start and, beside its
-- heartbeats, three times before `expires_at`; it deletes the row when it stops in order. A row whose
-- `expires_at` has passed is that of a lost worker; it is deleted after an hour. What a worker holds is
-- not repeated here: `jobs.locked_by` says it.
CREATE TABLE workers (
    id           uuid        PRIMARY KEY,  -- new at each start of the process, as in jobs.locked_by
    host         text        NOT NULL,
    version      text        NOT NULL,     -- of imagemill
    concurrency  integer     NOT NULL,     -- images processed at once: its image processes
    sandbox      text        NOT NULL,     -- how these are confined
    started_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL
);
