-- What is to be told to the callback_url of a job that has ended, and how far that has come.
CREATE TABLE deliveries (
    job_id           uuid        NOT NULL REFERENCES jobs ON DELETE CASCADE,
    n                smallint    NOT NULL,  -- 1 for the first end of the job; a retried job ends again
    event            text        NOT NULL,  -- job.completed, job.failed, job.canceled
    url              text        NOT NULL,
    receiver         text        NOT NULL,  -- host and port as in the url: those who share it, share its seats
    webhook_id       text        NOT NULL UNIQUE DEFAULT 'msg_' || replace(gen_random_uuid()::text, '-', ''),
    job              json,                  -- the row as it ended, until the body is made of it
    body             text,                  -- what is sent, made before the first try
    status           text        NOT NULL DEFAULT 'PENDING'
                     CHECK (status IN ('PENDING', 'DELIVERED', 'FAILED')),
    tries            smallint    NOT NULL DEFAULT 0,  -- +1 at claim, so a try's number is its fence
    tries_before     smallint    NOT NULL DEFAULT 0,  -- those before it was last asked for anew
    again            boolean     NOT NULL GENERATED ALWAYS AS (tries > tries_before) STORED,
    next_try_at      timestamptz DEFAULT now(),       -- while a try is under way: when it is given up
    last_status_code smallint,
    last_error       text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    delivered_at     timestamptz,
    PRIMARY KEY (job_id, n),
    CONSTRAINT next_try_iff_pending CHECK ((status = 'PENDING') = (next_try_at IS NOT NULL)),
    CONSTRAINT delivered_at_iff_delivered CHECK ((status = 'DELIVERED') = (delivered_at IS NOT NULL)),
    CONSTRAINT job_until_body CHECK ((job IS NULL) = (body IS NOT NULL))
);

-- First tries and repeated ones are claimed apart, each hopping from receiver to receiver.
CREATE INDEX deliveries_due_idx ON deliveries (again, receiver, next_try_at)
    WHERE status = 'PENDING';

-- In the transaction that ends the job, whichever statement that is: see decision 10.
CREATE FUNCTION deliveries_add() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO deliveries (job_id, n, event, url, receiver, job)
    SELECT NEW.id, coalesce(max(n), 0) + 1, 'job.' || lower(NEW.status), NEW.callback_url,
           substring(NEW.callback_url FROM '^[a-z]+://([^/]*)'), row_to_json(NEW)
      FROM deliveries WHERE job_id = NEW.id;
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_ended AFTER UPDATE ON jobs FOR EACH ROW
    WHEN (NEW.callback_url IS NOT NULL AND OLD.status IS DISTINCT FROM NEW.status
          AND NEW.status IN ('COMPLETED', 'FAILED', 'CANCELED'))
    EXECUTE FUNCTION deliveries_add();
