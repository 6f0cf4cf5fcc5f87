-- +goose Up

-- Numbers that keys are made of. A number is handed out once; gaps are fine.
CREATE TABLE counters (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
);
INSERT INTO counters (name, value) VALUES ('schedules_revision', 1);

CREATE TABLE workspaces (
    "key"       TEXT     NOT NULL PRIMARY KEY,
    name        TEXT     NOT NULL,
    description TEXT     NOT NULL,
    version     INTEGER  NOT NULL,
    created_at  DATETIME NOT NULL,
    updated_at  DATETIME NOT NULL
);

CREATE TABLE users (
    id         INTEGER  NOT NULL PRIMARY KEY,
    email      TEXT     NOT NULL,
    name       TEXT     NOT NULL,
    admin      BOOLEAN  NOT NULL,
    disabled   BOOLEAN  NOT NULL,
    version    INTEGER  NOT NULL,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE members (
    workspace_key TEXT     NOT NULL REFERENCES workspaces ("key") ON DELETE CASCADE,
    user_id       INTEGER  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role          TEXT     NOT NULL,
    created_at    DATETIME NOT NULL,
    PRIMARY KEY (workspace_key, user_id)
);
CREATE INDEX members_user ON members (user_id);

CREATE TABLE tokens (
    id           TEXT     NOT NULL PRIMARY KEY,
    user_id      INTEGER  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT     NOT NULL,
    hash         TEXT     NOT NULL,
    read_only    BOOLEAN  NOT NULL,
    expires_at   DATETIME,
    last_used_at DATETIME,
    created_at   DATETIME NOT NULL
);
CREATE UNIQUE INDEX tokens_hash ON tokens (hash);
CREATE INDEX tokens_user ON tokens (user_id, id);

CREATE TABLE runtimes (
    uuid       TEXT     NOT NULL PRIMARY KEY,
    name       TEXT     NOT NULL,
    created_at DATETIME NOT NULL
);
CREATE UNIQUE INDEX runtimes_name ON runtimes (name);

CREATE TABLE environments (
    uid           TEXT     NOT NULL PRIMARY KEY,
    workspace_key TEXT     NOT NULL REFERENCES workspaces ("key"),
    name          TEXT     NOT NULL,
    sealed        BLOB,
    version       INTEGER  NOT NULL,
    created_at    DATETIME NOT NULL,
    updated_at    DATETIME NOT NULL
);
CREATE INDEX environments_workspace ON environments (workspace_key, uid);

CREATE TABLE cases (
    "key"           TEXT     NOT NULL PRIMARY KEY,
    workspace_key   TEXT     NOT NULL REFERENCES workspaces ("key"),
    name            TEXT     NOT NULL,
    description     TEXT     NOT NULL,
    kind            TEXT     NOT NULL,
    sealed          BLOB,
    environment_uid TEXT     NOT NULL,
    runtime_name    TEXT     NOT NULL,
    owners          TEXT     NOT NULL,
    labels          TEXT     NOT NULL,
    timeout_seconds INTEGER  NOT NULL,
    retries         INTEGER  NOT NULL,
    version         INTEGER  NOT NULL,
    created_at      DATETIME NOT NULL,
    updated_at      DATETIME NOT NULL
);
CREATE INDEX cases_workspace ON cases (workspace_key, "key");
CREATE INDEX cases_environment ON cases (environment_uid);

CREATE TABLE pipelines (
    "key"         TEXT     NOT NULL PRIMARY KEY,
    workspace_key TEXT     NOT NULL REFERENCES workspaces ("key"),
    name          TEXT     NOT NULL,
    description   TEXT     NOT NULL,
    definition    TEXT     NOT NULL,
    case_keys     TEXT     NOT NULL,
    owners        TEXT     NOT NULL,
    labels        TEXT     NOT NULL,
    version       INTEGER  NOT NULL,
    created_at    DATETIME NOT NULL,
    updated_at    DATETIME NOT NULL
);
CREATE INDEX pipelines_workspace ON pipelines (workspace_key, "key");

-- Which pipeline names which case. A case may be deleted by force, so this is no foreign key.
CREATE TABLE pipeline_cases (
    pipeline_key TEXT NOT NULL REFERENCES pipelines ("key") ON DELETE CASCADE,
    case_key     TEXT NOT NULL,
    PRIMARY KEY (pipeline_key, case_key)
);
CREATE INDEX pipeline_cases_case ON pipeline_cases (case_key, pipeline_key);

CREATE TABLE triggers (
    "key"                   TEXT     NOT NULL PRIMARY KEY,
    workspace_key           TEXT     NOT NULL REFERENCES workspaces ("key"),
    method                  TEXT     NOT NULL,
    name                    TEXT     NOT NULL,
    description             TEXT     NOT NULL,
    enabled                 BOOLEAN  NOT NULL,
    owners                  TEXT     NOT NULL,
    labels                  TEXT     NOT NULL,
    pipeline_keys           TEXT     NOT NULL,
    environment_uid         TEXT     NOT NULL,
    parameters              TEXT     NOT NULL,
    cron                    TEXT     NOT NULL,
    timezone                TEXT     NOT NULL,
    jitter_seconds          INTEGER  NOT NULL,
    overlap                 TEXT     NOT NULL,
    catch_up                TEXT     NOT NULL,
    catch_up_window_seconds INTEGER  NOT NULL,
    version                 INTEGER  NOT NULL,
    created_at              DATETIME NOT NULL,
    updated_at              DATETIME NOT NULL
);
CREATE INDEX triggers_workspace ON triggers (workspace_key, "key");
CREATE INDEX triggers_environment ON triggers (environment_uid);

CREATE TABLE trigger_pipelines (
    trigger_key  TEXT NOT NULL REFERENCES triggers ("key") ON DELETE CASCADE,
    pipeline_key TEXT NOT NULL,
    PRIMARY KEY (trigger_key, pipeline_key)
);
CREATE INDEX trigger_pipelines_pipeline ON trigger_pipelines (pipeline_key, trigger_key);

-- One row per trigger with a schedule. Every tick up to decided_until has been decided.
CREATE TABLE schedule_cursors (
    trigger_key   TEXT     NOT NULL PRIMARY KEY REFERENCES triggers ("key") ON DELETE CASCADE,
    decided_until DATETIME NOT NULL
);

CREATE TABLE webhooks (
    uid           TEXT     NOT NULL PRIMARY KEY,
    workspace_key TEXT     NOT NULL REFERENCES workspaces ("key"),
    name          TEXT     NOT NULL,
    url           TEXT     NOT NULL,
    format        TEXT     NOT NULL,
    events        TEXT     NOT NULL,
    trigger_keys  TEXT     NOT NULL,
    enabled       BOOLEAN  NOT NULL,
    sealed        BLOB,
    has_secret    BOOLEAN  NOT NULL,
    owners        TEXT     NOT NULL,
    version       INTEGER  NOT NULL,
    created_at    DATETIME NOT NULL,
    updated_at    DATETIME NOT NULL
);
CREATE INDEX webhooks_workspace ON webhooks (workspace_key, uid);

CREATE TABLE runs (
    id                  TEXT     NOT NULL PRIMARY KEY,
    workspace_key       TEXT     NOT NULL,
    trigger_key         TEXT     NOT NULL,
    trigger_method      TEXT     NOT NULL,
    trigger_name        TEXT     NOT NULL,
    trigger_owners      TEXT     NOT NULL,
    source              TEXT     NOT NULL,
    requested_by        TEXT     NOT NULL,
    status              INTEGER  NOT NULL,
    reason              TEXT     NOT NULL,
    scheduled_for       DATETIME,
    idempotency_key     TEXT,
    request_hash        TEXT     NOT NULL,
    environment_uid     TEXT     NOT NULL,
    parameters          TEXT     NOT NULL,
    held                BOOLEAN  NOT NULL,
    dispatched_at       DATETIME,
    cancel_requested_at DATETIME,
    cases_total         INTEGER  NOT NULL,
    cases_passed        INTEGER  NOT NULL,
    cases_failed        INTEGER  NOT NULL,
    cases_skipped       INTEGER  NOT NULL,
    started_at          DATETIME,
    finished_at         DATETIME,
    duration_ms         INTEGER  NOT NULL,
    created_at          DATETIME NOT NULL
);
CREATE UNIQUE INDEX runs_tick ON runs (trigger_key, scheduled_for);
CREATE UNIQUE INDEX runs_idempotency ON runs (trigger_key, idempotency_key);
CREATE INDEX runs_workspace ON runs (workspace_key, id);
CREATE INDEX runs_workspace_status ON runs (workspace_key, status, id);
CREATE INDEX runs_trigger ON runs (trigger_key, id);
CREATE INDEX runs_trigger_status ON runs (trigger_key, status, id);
CREATE INDEX runs_status ON runs (status, id);
CREATE INDEX runs_source ON runs (source, id);
CREATE INDEX runs_created ON runs (created_at, id);
CREATE INDEX runs_outbox ON runs (status, dispatched_at, id);

CREATE TABLE executions (
    "key"         TEXT     NOT NULL PRIMARY KEY,
    run_id        TEXT     NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position      INTEGER  NOT NULL,
    pipeline_key  TEXT     NOT NULL,
    pipeline_name TEXT     NOT NULL,
    owners        TEXT     NOT NULL,
    status        INTEGER  NOT NULL,
    reason        TEXT     NOT NULL,
    started_at    DATETIME,
    finished_at   DATETIME,
    duration_ms   INTEGER  NOT NULL
);
CREATE INDEX executions_run ON executions (run_id, position);

CREATE TABLE case_results (
    id               TEXT     NOT NULL PRIMARY KEY,
    run_id           TEXT     NOT NULL,
    execution_key    TEXT     NOT NULL REFERENCES executions ("key") ON DELETE CASCADE,
    position         INTEGER  NOT NULL,
    case_key         TEXT     NOT NULL,
    case_name        TEXT     NOT NULL,
    owners           TEXT     NOT NULL,
    environment_name TEXT     NOT NULL,
    runtime_uuid     TEXT     NOT NULL,
    runtime_name     TEXT     NOT NULL,
    status           INTEGER  NOT NULL,
    message          TEXT     NOT NULL,
    attempt          INTEGER  NOT NULL,
    flaky            BOOLEAN  NOT NULL,
    assertions_total INTEGER  NOT NULL,
    assertions_bad   INTEGER  NOT NULL,
    started_at       DATETIME,
    finished_at      DATETIME,
    duration_ms      INTEGER  NOT NULL
);
CREATE UNIQUE INDEX case_results_position ON case_results (execution_key, position);
CREATE INDEX case_results_run ON case_results (run_id);

CREATE TABLE reports (
    result_id  TEXT     NOT NULL REFERENCES case_results (id) ON DELETE CASCADE,
    attempt    INTEGER  NOT NULL,
    document   TEXT     NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (result_id, attempt)
);

CREATE TABLE events (
    id            TEXT     NOT NULL PRIMARY KEY,
    type          TEXT     NOT NULL,
    workspace_key TEXT     NOT NULL,
    trigger_key   TEXT     NOT NULL,
    run_id        TEXT     NOT NULL,
    data          TEXT     NOT NULL,
    created_at    DATETIME NOT NULL
);
CREATE INDEX events_workspace ON events (workspace_key, id);
CREATE INDEX events_run ON events (run_id);

CREATE TABLE deliveries (
    id              TEXT     NOT NULL PRIMARY KEY,
    workspace_key   TEXT     NOT NULL,
    webhook_uid     TEXT     NOT NULL,
    event_id        TEXT     NOT NULL,
    event_type      TEXT     NOT NULL,
    run_id          TEXT     NOT NULL,
    state           TEXT     NOT NULL,
    attempts        INTEGER  NOT NULL,
    last_error      TEXT     NOT NULL,
    next_attempt_at DATETIME,
    claimed_until   DATETIME,
    created_at      DATETIME NOT NULL,
    finished_at     DATETIME
);
CREATE INDEX deliveries_workspace ON deliveries (workspace_key, id);
CREATE INDEX deliveries_workspace_state ON deliveries (workspace_key, state, id);
CREATE INDEX deliveries_webhook ON deliveries (webhook_uid, id);
CREATE INDEX deliveries_run ON deliveries (run_id, id);
CREATE INDEX deliveries_state ON deliveries (state, id);
CREATE INDEX deliveries_due ON deliveries (state, next_attempt_at, created_at);

CREATE TABLE attempts (
    delivery_id      TEXT     NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    number           INTEGER  NOT NULL,
    started_at       DATETIME NOT NULL,
    duration_ms      INTEGER  NOT NULL,
    status           INTEGER  NOT NULL,
    error_class      TEXT     NOT NULL,
    error            TEXT     NOT NULL,
    timings          TEXT     NOT NULL,
    request_headers  TEXT     NOT NULL,
    request_body     TEXT     NOT NULL,
    response_headers TEXT     NOT NULL,
    response_body    TEXT     NOT NULL,
    next_attempt_at  DATETIME,
    PRIMARY KEY (delivery_id, number)
);
