-- Files of deleted jobs, still to be removed from storage. Written by the statement that deletes the
-- row, so that no crash and no absent storage can make us forget them. A row that vanishes in any
-- other way, as when an older backup is restored, leaves no entry here: its files are not ours to
-- delete at once, see maintenance/janitor.py.
CREATE TABLE removals (
    job_id     uuid        PRIMARY KEY,
    input_path text        NOT NULL,
    deleted_at timestamptz NOT NULL DEFAULT now(),
    due_at     timestamptz NOT NULL  -- put off by whoever takes it, so that others leave it alone
);

CREATE INDEX removals_due_idx ON removals (due_at);

-- What is done once in a while by one worker for all: by the first that comes when it is due.
CREATE TABLE chores (
    name   text        PRIMARY KEY,
    due_at timestamptz NOT NULL
);

-- Not at once: into a new database an older one may be about to be restored.
INSERT INTO chores (name, due_at) VALUES ('janitor', now() + interval '1 hour');
