-- Which job a client's Idempotency-Key stands for. Written by the statement that inserts the job, so
-- that two uploads at once cannot both make one; deleted with it.
CREATE TABLE idempotency_keys (
    key_id         uuid        REFERENCES api_keys,  -- each API key has idempotency keys of its own
    key            text        NOT NULL,
    content_sha256 bytea       NOT NULL,             -- of the image and of the fields after parsing
    job_id         uuid        NOT NULL REFERENCES jobs ON DELETE CASCADE,
    created_at     timestamptz NOT NULL DEFAULT now(),
    -- The key first: it finds its row also among those that were sent without an API key, where
    -- key_id is compared by IS NOT DISTINCT FROM, which no index serves.
    UNIQUE NULLS NOT DISTINCT (key, key_id)
);

CREATE INDEX idempotency_keys_job_idx ON idempotency_keys (job_id);
CREATE INDEX idempotency_keys_age_idx ON idempotency_keys (created_at);
