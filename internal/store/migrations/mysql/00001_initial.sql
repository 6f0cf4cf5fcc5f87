-- +goose Up

-- Numbers that keys are made of. A number is handed out once; gaps are fine.
CREATE TABLE counters (
    name  VARCHAR(100) NOT NULL PRIMARY KEY,
    value BIGINT       NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT INTO counters (name, value) VALUES ('schedules_revision', 1);

CREATE TABLE workspaces (
    `key`       VARCHAR(3)   NOT NULL PRIMARY KEY,
    name        VARCHAR(200) NOT NULL,
    description MEDIUMTEXT   NOT NULL,
    version     BIGINT       NOT NULL,
    created_at  DATETIME(6)  NOT NULL,
    updated_at  DATETIME(6)  NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE users (
    id         BIGINT       NOT NULL PRIMARY KEY,
    email      VARCHAR(200) NOT NULL,
    name       VARCHAR(200) NOT NULL,
    admin      BOOLEAN      NOT NULL,
    disabled   BOOLEAN      NOT NULL,
    version    BIGINT       NOT NULL,
    created_at DATETIME(6)  NOT NULL,
    updated_at DATETIME(6)  NOT NULL,
    UNIQUE KEY users_email (email)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE members (
    workspace_key VARCHAR(3)  NOT NULL,
    user_id       BIGINT      NOT NULL,
    role          VARCHAR(32) NOT NULL,
    created_at    DATETIME(6) NOT NULL,
    PRIMARY KEY (workspace_key, user_id),
    KEY members_user (user_id),
    CONSTRAINT members_workspace_key_fk FOREIGN KEY (workspace_key) REFERENCES workspaces (`key`) ON DELETE CASCADE,
    CONSTRAINT members_user_id_fk FOREIGN KEY (user_id) REFERENCES users (`id`) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE tokens (
    id           VARCHAR(64)  NOT NULL PRIMARY KEY,
    user_id      BIGINT       NOT NULL,
    name         VARCHAR(200) NOT NULL,
    hash         VARCHAR(128) NOT NULL,
    read_only    BOOLEAN      NOT NULL,
    expires_at   DATETIME(6),
    last_used_at DATETIME(6),
    created_at   DATETIME(6)  NOT NULL,
    UNIQUE KEY tokens_hash (hash),
    KEY tokens_user (user_id, id),
    CONSTRAINT tokens_user_id_fk FOREIGN KEY (user_id) REFERENCES users (`id`) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE runtimes (
    uuid       VARCHAR(36)  NOT NULL PRIMARY KEY,
    name       VARCHAR(200) NOT NULL,
    created_at DATETIME(6)  NOT NULL,
    UNIQUE KEY runtimes_name (name)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE environments (
    uid           VARCHAR(64)  NOT NULL PRIMARY KEY,
    workspace_key VARCHAR(3)   NOT NULL,
    name          VARCHAR(200) NOT NULL,
    sealed        LONGBLOB,
    version       BIGINT       NOT NULL,
    created_at    DATETIME(6)  NOT NULL,
    updated_at    DATETIME(6)  NOT NULL,
    KEY environments_workspace (workspace_key, uid),
    CONSTRAINT environments_workspace_key_fk FOREIGN KEY (workspace_key) REFERENCES workspaces (`key`)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE cases (
    `key`           VARCHAR(32)  NOT NULL PRIMARY KEY,
    workspace_key   VARCHAR(3)   NOT NULL,
    name            VARCHAR(200) NOT NULL,
    description     MEDIUMTEXT   NOT NULL,
    kind            VARCHAR(32)  NOT NULL,
    sealed          LONGBLOB,
    environment_uid VARCHAR(64)  NOT NULL,
    runtime_name    VARCHAR(200) NOT NULL,
    owners          MEDIUMTEXT   NOT NULL,
    labels          MEDIUMTEXT   NOT NULL,
    timeout_seconds INT          NOT NULL,
    retries         INT          NOT NULL,
    version         BIGINT       NOT NULL,
    created_at      DATETIME(6)  NOT NULL,
    updated_at      DATETIME(6)  NOT NULL,
    KEY cases_workspace (workspace_key, `key`),
    KEY cases_environment (environment_uid),
    CONSTRAINT cases_workspace_key_fk FOREIGN KEY (workspace_key) REFERENCES workspaces (`key`)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE pipelines (
    `key`         VARCHAR(32)  NOT NULL PRIMARY KEY,
    workspace_key VARCHAR(3)   NOT NULL,
    name          VARCHAR(200) NOT NULL,
    description   MEDIUMTEXT   NOT NULL,
    definition    MEDIUMTEXT   NOT NULL,
    case_keys     MEDIUMTEXT   NOT NULL,
    owners        MEDIUMTEXT   NOT NULL,
    labels        MEDIUMTEXT   NOT NULL,
    version       BIGINT       NOT NULL,
    created_at    DATETIME(6)  NOT NULL,
    updated_at    DATETIME(6)  NOT NULL,
    KEY pipelines_workspace (workspace_key, `key`),
    CONSTRAINT pipelines_workspace_key_fk FOREIGN KEY (workspace_key) REFERENCES workspaces (`key`)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Which pipeline names which case. A case may be deleted by force, so this is no foreign key.
CREATE TABLE pipeline_cases (
    pipeline_key VARCHAR(32) NOT NULL,
    case_key     VARCHAR(32) NOT NULL,
    PRIMARY KEY (pipeline_key, case_key),
    KEY pipeline_cases_case (case_key, pipeline_key),
    CONSTRAINT pipeline_cases_pipeline_key_fk FOREIGN KEY (pipeline_key) REFERENCES pipelines (`key`) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE triggers (
    `key`                   VARCHAR(32)  NOT NULL PRIMARY KEY,
    workspace_key           VARCHAR(3)   NOT NULL,
    method                  VARCHAR(32)  NOT NULL,
    name                    VARCHAR(200) NOT NULL,
    description             MEDIUMTEXT   NOT NULL,
    enabled                 BOOLEAN      NOT NULL,
    owners                  MEDIUMTEXT   NOT NULL,
    labels                  MEDIUMTEXT   NOT NULL,
    pipeline_keys           MEDIUMTEXT   NOT NULL,
    environment_uid         VARCHAR(64)  NOT NULL,
    parameters              MEDIUMTEXT   NOT NULL,
    cron                    MEDIUMTEXT   NOT NULL,
    timezone                VARCHAR(64)  NOT NULL,
    jitter_seconds          INT          NOT NULL,
    overlap                 VARCHAR(32)  NOT NULL,
    catch_up                VARCHAR(32)  NOT NULL,
    catch_up_window_seconds INT          NOT NULL,
    version                 BIGINT       NOT NULL,
    created_at              DATETIME(6)  NOT NULL,
    updated_at              DATETIME(6)  NOT NULL,
    KEY triggers_workspace (workspace_key, `key`),
    KEY triggers_environment (environment_uid),
    CONSTRAINT triggers_workspace_key_fk FOREIGN KEY (workspace_key) REFERENCES workspaces (`key`)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE trigger_pipelines (
    trigger_key  VARCHAR(32) NOT NULL,
    pipeline_key VARCHAR(32) NOT NULL,
    PRIMARY KEY (trigger_key, pipeline_key),
    KEY trigger_pipelines_pipeline (pipeline_key, trigger_key),
    CONSTRAINT trigger_pipelines_trigger_key_fk FOREIGN KEY (trigger_key) REFERENCES triggers (`key`) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- One row per trigger with a schedule. Every tick up to decided_until has been decided.
CREATE TABLE schedule_cursors (
    trigger_key   VARCHAR(32) NOT NULL PRIMARY KEY,
    decided_until DATETIME(6) NOT NULL,
    CONSTRAINT schedule_cursors_trigger_key_fk FOREIGN KEY (trigger_key) REFERENCES triggers (`key`) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE webhooks (
    uid           VARCHAR(64)   NOT NULL PRIMARY KEY,
    workspace_key VARCHAR(3)    NOT NULL,
    name          VARCHAR(200)  NOT NULL,
    url           VARCHAR(2048) NOT NULL,
    format        VARCHAR(32)   NOT NULL,
    events        MEDIUMTEXT    NOT NULL,
    trigger_keys  MEDIUMTEXT    NOT NULL,
    enabled       BOOLEAN       NOT NULL,
    sealed        LONGBLOB,
    has_secret    BOOLEAN       NOT NULL,
    owners        MEDIUMTEXT    NOT NULL,
    version       BIGINT        NOT NULL,
    created_at    DATETIME(6)   NOT NULL,
    updated_at    DATETIME(6)   NOT NULL,
    KEY webhooks_workspace (workspace_key, uid),
    CONSTRAINT webhooks_workspace_key_fk FOREIGN KEY (workspace_key) REFERENCES workspaces (`key`)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE runs (
    id                  VARCHAR(36)  NOT NULL PRIMARY KEY,
    workspace_key       VARCHAR(3)   NOT NULL,
    trigger_key         VARCHAR(32)  NOT NULL,
    trigger_method      VARCHAR(32)  NOT NULL,
    trigger_name        VARCHAR(200) NOT NULL,
    trigger_owners      MEDIUMTEXT   NOT NULL,
    source              VARCHAR(32)  NOT NULL,
    requested_by        VARCHAR(200) NOT NULL,
    status              SMALLINT     NOT NULL,
    reason              MEDIUMTEXT   NOT NULL,
    scheduled_for       DATETIME(6),
    idempotency_key     VARCHAR(200),
    request_hash        VARCHAR(128) NOT NULL,
    environment_uid     VARCHAR(64)  NOT NULL,
    parameters          MEDIUMTEXT   NOT NULL,
    held                BOOLEAN      NOT NULL,
    dispatched_at       DATETIME(6),
    cancel_requested_at DATETIME(6),
    cases_total         INT          NOT NULL,
    cases_passed        INT          NOT NULL,
    cases_failed        INT          NOT NULL,
    cases_skipped       INT          NOT NULL,
    started_at          DATETIME(6),
    finished_at         DATETIME(6),
    duration_ms         BIGINT       NOT NULL,
    created_at          DATETIME(6)  NOT NULL,
    UNIQUE KEY runs_tick (trigger_key, scheduled_for),
    UNIQUE KEY runs_idempotency (trigger_key, idempotency_key),
    KEY runs_workspace (workspace_key, id),
    KEY runs_workspace_status (workspace_key, status, id),
    KEY runs_trigger (trigger_key, id),
    KEY runs_trigger_status (trigger_key, status, id),
    KEY runs_status (status, id),
    KEY runs_source (source, id),
    KEY runs_created (created_at, id),
    KEY runs_outbox (status, dispatched_at, id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE executions (
    `key`         VARCHAR(48)  NOT NULL PRIMARY KEY,
    run_id        VARCHAR(36)  NOT NULL,
    position      INT          NOT NULL,
    pipeline_key  VARCHAR(32)  NOT NULL,
    pipeline_name VARCHAR(200) NOT NULL,
    owners        MEDIUMTEXT   NOT NULL,
    status        SMALLINT     NOT NULL,
    reason        MEDIUMTEXT   NOT NULL,
    started_at    DATETIME(6),
    finished_at   DATETIME(6),
    duration_ms   BIGINT       NOT NULL,
    KEY executions_run (run_id, position),
    CONSTRAINT executions_run_id_fk FOREIGN KEY (run_id) REFERENCES runs (`id`) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE case_results (
    id               VARCHAR(36)  NOT NULL PRIMARY KEY,
    run_id           VARCHAR(36)  NOT NULL,
    execution_key    VARCHAR(48)  NOT NULL,
    position         INT          NOT NULL,
    case_key         VARCHAR(32)  NOT NULL,
    case_name        VARCHAR(200) NOT NULL,
    owners           MEDIUMTEXT   NOT NULL,
    environment_name VARCHAR(200) NOT NULL,
    runtime_uuid     VARCHAR(36)  NOT NULL,
    runtime_name     VARCHAR(200) NOT NULL,
    status           SMALLINT     NOT NULL,
    message          MEDIUMTEXT   NOT NULL,
    attempt          INT          NOT NULL,
    flaky            BOOLEAN      NOT NULL,
    assertions_total INT          NOT NULL,
    assertions_bad   INT          NOT NULL,
    started_at       DATETIME(6),
    finished_at      DATETIME(6),
    duration_ms      BIGINT       NOT NULL,
    UNIQUE KEY case_results_position (execution_key, position),
    KEY case_results_run (run_id),
    CONSTRAINT case_results_execution_key_fk FOREIGN KEY (execution_key) REFERENCES executions (`key`) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE reports (
    result_id  VARCHAR(36) NOT NULL,
    attempt    INT         NOT NULL,
    document   LONGTEXT    NOT NULL,
    created_at DATETIME(6) NOT NULL,
    PRIMARY KEY (result_id, attempt),
    CONSTRAINT reports_result_id_fk FOREIGN KEY (result_id) REFERENCES case_results (`id`) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE events (
    id            VARCHAR(36) NOT NULL PRIMARY KEY,
    type          VARCHAR(64) NOT NULL,
    workspace_key VARCHAR(3)  NOT NULL,
    trigger_key   VARCHAR(32) NOT NULL,
    run_id        VARCHAR(36) NOT NULL,
    data          LONGTEXT    NOT NULL,
    created_at    DATETIME(6) NOT NULL,
    KEY events_workspace (workspace_key, id),
    KEY events_run (run_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE deliveries (
    id              VARCHAR(36) NOT NULL PRIMARY KEY,
    workspace_key   VARCHAR(3)  NOT NULL,
    webhook_uid     VARCHAR(64) NOT NULL,
    event_id        VARCHAR(36) NOT NULL,
    event_type      VARCHAR(64) NOT NULL,
    run_id          VARCHAR(36) NOT NULL,
    state           VARCHAR(32) NOT NULL,
    attempts        INT         NOT NULL,
    last_error      MEDIUMTEXT  NOT NULL,
    next_attempt_at DATETIME(6),
    claimed_until   DATETIME(6),
    created_at      DATETIME(6) NOT NULL,
    finished_at     DATETIME(6),
    KEY deliveries_workspace (workspace_key, id),
    KEY deliveries_workspace_state (workspace_key, state, id),
    KEY deliveries_webhook (webhook_uid, id),
    KEY deliveries_run (run_id, id),
    KEY deliveries_state (state, id),
    KEY deliveries_due (state, next_attempt_at, created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE attempts (
    delivery_id      VARCHAR(36) NOT NULL,
    number           INT         NOT NULL,
    started_at       DATETIME(6) NOT NULL,
    duration_ms      BIGINT      NOT NULL,
    status           SMALLINT    NOT NULL,
    error_class      VARCHAR(32) NOT NULL,
    error            MEDIUMTEXT  NOT NULL,
    timings          MEDIUMTEXT  NOT NULL,
    request_headers  MEDIUMTEXT  NOT NULL,
    request_body     MEDIUMTEXT  NOT NULL,
    response_headers MEDIUMTEXT  NOT NULL,
    response_body    MEDIUMTEXT  NOT NULL,
    next_attempt_at  DATETIME(6),
    PRIMARY KEY (delivery_id, number),
    CONSTRAINT attempts_delivery_id_fk FOREIGN KEY (delivery_id) REFERENCES deliveries (`id`) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
