-- Which job a client's Idempotency-Key stands for. Written by the statement that inserts the job, so
-- that two uploads at once cannot both make one; deleted with it.
CREATE TABLE idempotency_keys (
    key_id         uuid        REFERENCES api_keys,  -- each API key has idempotency keys of its own
    key            text        NOT NULL,
    content_sha256 bytea       NOT NULL,             -- of the image and of the fields after parsing
    job_id         uuid        NOT NULL REFERENCES jobs ON DELETE CASCADE,
    created_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (key_id, key)
);

CREATE INDEX idempotency_keys_job_idx ON idempotency_keys (job_id);
