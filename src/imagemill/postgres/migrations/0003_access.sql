-- Who is let in, whose a job is, and what is told of it while it is worked on.

-- The secret of a key is shown once, when it is made. Revoked keys stay: their jobs are theirs, and
-- a service that ever had a key never again lets in those who have none.
CREATE TABLE api_keys (
    id            uuid        PRIMARY KEY,
    name          text        NOT NULL,
    secret_sha256 bytea       NOT NULL,
    is_admin      boolean     NOT NULL DEFAULT false,  -- sees the jobs of all
    created_at    timestamptz NOT NULL DEFAULT now(),
    revoked_at    timestamptz
);

CREATE UNIQUE INDEX api_keys_name_idx ON api_keys (name) WHERE revoked_at IS NULL;

-- What all gateways and workers must know alike and no operator needs to choose.
CREATE TABLE secrets (
    name       text        PRIMARY KEY,
    value      bytea       NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE jobs
    ADD COLUMN key_id       uuid REFERENCES api_keys,  -- whose the job is; null: sent without a key
    ADD COLUMN callback_url text,                      -- who is told when it ends
    ADD COLUMN traceparent  text,                      -- the trace it belongs to (W3C Trace Context)
    ADD COLUMN heartbeat_at timestamptz;               -- when its last worker last spoke of it

CREATE INDEX jobs_key_idx ON jobs (key_id, status, id) WHERE key_id IS NOT NULL;
