-- The queue is this table: claim, lease, attempts, result and final status of a job live in one
-- row and change by single statements (jobs/store.py, jobs/leases.py).

-- An enum sorts in the order of its declaration: urgent jobs first.
CREATE TYPE job_priority AS ENUM ('high', 'normal', 'low');

CREATE TABLE jobs (
    id               uuid         PRIMARY KEY,  -- UUIDv7, made by the gateway before the INSERT
    status           text         NOT NULL DEFAULT 'PENDING'
                     CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELED')),
    input_path       text         NOT NULL,
    output_path      text,                      -- the winner's first output; it carries the fence
    input            jsonb        NOT NULL,
    pipeline         json         NOT NULL,  -- json, not jsonb: given back as it came
    outputs          jsonb        NOT NULL DEFAULT '[]',
    analysis         jsonb,
    error_code       text,
    error_detail     text,
    priority         job_priority NOT NULL DEFAULT 'normal',
    metadata         json         NOT NULL DEFAULT '{}',
    attempts         smallint     NOT NULL DEFAULT 0,  -- the budget used: +1 at claim, -1 at release
    max_attempts     smallint     NOT NULL DEFAULT 3,
    fence            bigint       NOT NULL DEFAULT 0,  -- +1 at every claim, never lowered
    locked_by        uuid,                             -- a worker's incarnation, new at each start
    lease_expires_at timestamptz,
    run_at           timestamptz  NOT NULL DEFAULT now(),
    created_at       timestamptz  NOT NULL DEFAULT now(),
    started_at       timestamptz,
    completed_at     timestamptz,
    updated_at       timestamptz  NOT NULL DEFAULT now(),
    CONSTRAINT lease_iff_processing
        CHECK ((status = 'PROCESSING') = (lease_expires_at IS NOT NULL AND locked_by IS NOT NULL)),
    CONSTRAINT completed_at_iff_ended
        CHECK ((status IN ('COMPLETED', 'FAILED', 'CANCELED')) = (completed_at IS NOT NULL)),
    CONSTRAINT output_iff_completed
        CHECK ((status = 'COMPLETED') = (output_path IS NOT NULL)),
    CONSTRAINT failed_has_error
        CHECK (status <> 'FAILED' OR error_code IS NOT NULL),
    CONSTRAINT attempts_within_budget
        CHECK (attempts BETWEEN 0 AND max_attempts)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

CREATE INDEX jobs_ready_idx  ON jobs (priority, run_at, id) WHERE status = 'PENDING';
CREATE INDEX jobs_lease_idx  ON jobs (lease_expires_at)     WHERE status = 'PROCESSING';
CREATE INDEX jobs_ended_idx  ON jobs (completed_at)
    WHERE status IN ('COMPLETED', 'FAILED', 'CANCELED');
CREATE INDEX jobs_status_idx ON jobs (status, id);

-- The last line of defence: whatever a statement says, a job ends once and its fence only rises.
CREATE FUNCTION jobs_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'job % may not go from % (fence %) to % (fence %)',
        OLD.id, OLD.status, OLD.fence, NEW.status, NEW.fence USING ERRCODE = '23514';
END $$;

CREATE TRIGGER jobs_guard BEFORE UPDATE ON jobs FOR EACH ROW
    WHEN (NEW.fence < OLD.fence
          OR (OLD.status = 'PENDING' AND NEW.status = 'PROCESSING' AND NEW.fence <= OLD.fence)
          OR (OLD.status, NEW.status) NOT IN (
              ('PENDING', 'PENDING'), ('PENDING', 'PROCESSING'), ('PENDING', 'CANCELED'),
              ('PROCESSING', 'PROCESSING'), ('PROCESSING', 'PENDING'),
              ('PROCESSING', 'COMPLETED'), ('PROCESSING', 'FAILED'), ('PROCESSING', 'CANCELED'),
              ('FAILED', 'PENDING'), ('CANCELED', 'PENDING')))
    EXECUTE FUNCTION jobs_refuse();

-- Every change of status, in the order it happened.
CREATE TABLE job_events (
    id           bigserial   PRIMARY KEY,
    job_id       uuid        NOT NULL REFERENCES jobs ON DELETE CASCADE,
    at           timestamptz NOT NULL DEFAULT now(),
    status       text        NOT NULL,
    attempt      smallint    NOT NULL,
    worker       uuid,
    error_code   text,
    error_detail text
);

CREATE INDEX job_events_job_idx ON job_events (job_id, id);

-- A trigger and not a clause of each statement: no statement can then forget its row of history.
CREATE FUNCTION jobs_record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    failed boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO job_events (job_id, status, attempt) VALUES (NEW.id, NEW.status, NEW.attempts);
    ELSE
        -- An attempt that was given back (its number is free again) has not failed.
        failed := NEW.status = 'FAILED' OR (NEW.status = 'PENDING' AND NEW.attempts = OLD.attempts);
        INSERT INTO job_events (job_id, status, attempt, worker, error_code, error_detail)
        VALUES (NEW.id, NEW.status,
                -- A change that ends an attempt belongs to it, given back or not.
                CASE WHEN OLD.status = 'PROCESSING' THEN OLD.attempts ELSE NEW.attempts END,
                coalesce(NEW.locked_by, OLD.locked_by),
                CASE WHEN failed THEN NEW.error_code END,
                CASE WHEN failed THEN NEW.error_detail END);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_accepted AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION jobs_record();
CREATE TRIGGER jobs_changed AFTER UPDATE ON jobs FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION jobs_record();
