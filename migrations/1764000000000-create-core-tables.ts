import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keys, workflows and their versions, runs, their leases, their journal and their signals. */
export class CreateCoreTables1764000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE api_keys (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        name text NOT NULL,
        role text NOT NULL,
        scopes text[],
        prefix text NOT NULL,
        key_hash bytea NOT NULL,
        rate_limit integer,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3),
        revoked_at timestamptz(3),
        last_used_at timestamptz(3),
        CONSTRAINT api_keys_pkey PRIMARY KEY (id),
        CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
        CONSTRAINT api_keys_role_check CHECK (role IN ('viewer', 'operator', 'admin')),
        CONSTRAINT api_keys_rate_limit_check CHECK (rate_limit > 0)
      );
      CREATE INDEX api_keys_tenant_id_id_idx ON api_keys (tenant_id, id);

      CREATE TABLE idempotency_keys (
        tenant_id text NOT NULL,
        scope text NOT NULL,
        key text NOT NULL,
        request_hash bytea NOT NULL,
        resource_id uuid NOT NULL,
        locked_until timestamptz(3) NOT NULL,
        response_status smallint,
        response_headers json,
        response_body text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3) NOT NULL,
        CONSTRAINT idempotency_keys_pkey PRIMARY KEY (tenant_id, scope, key)
      );
      CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);

      CREATE TABLE workflows (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        namespace text NOT NULL,
        name text NOT NULL,
        source text NOT NULL,
        latest_version integer NOT NULL,
        description text,
        tags text[] NOT NULL DEFAULT '{}',
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        deleted_at timestamptz(3),
        CONSTRAINT workflows_pkey PRIMARY KEY (id)
      );
      CREATE UNIQUE INDEX workflows_tenant_id_namespace_name_key ON workflows (tenant_id, namespace, name) WHERE deleted_at IS NULL;
      CREATE INDEX workflows_tenant_id_id_idx ON workflows (tenant_id, id);

      CREATE TABLE workflow_versions (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        workflow_id uuid NOT NULL,
        version integer NOT NULL,
        kind text NOT NULL,
        definition json NOT NULL,
        definition_hash bytea NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        created_by text,
        CONSTRAINT workflow_versions_pkey PRIMARY KEY (id),
        CONSTRAINT workflow_versions_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES workflows (id),
        CONSTRAINT workflow_versions_workflow_id_version_key UNIQUE (workflow_id, version)
      );

      CREATE TABLE runs (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        kind text NOT NULL,
        workflow_id uuid,
        version_id uuid NOT NULL,
        subject_name text NOT NULL,
        subject_version integer NOT NULL,
        status text,
        priority smallint NOT NULL DEFAULT 0,
        tags text[],
        trigger text NOT NULL,
        parent_run_id uuid,
        parent_step text,
        resumed_from uuid,
        depth smallint NOT NULL DEFAULT 0,
        concurrency_key text,
        run_at timestamptz(3),
        timeout_ms bigint,
        error json,
        worker text,
        created_at timestamptz(3) NOT NULL,
        started_at timestamptz(3),
        finished_at timestamptz(3),
        CONSTRAINT runs_pkey PRIMARY KEY (id),
        CONSTRAINT runs_kind_check CHECK (kind IN ('workflow', 'agent')),
        CONSTRAINT runs_status_check CHECK (status IN ('success', 'failed', 'cancelled'))
      );
      COMMENT ON COLUMN runs.status IS 'null while the run lives: then live_runs says where it stands';
      CREATE INDEX runs_tenant_id_id_idx ON runs (tenant_id, id);
      CREATE INDEX runs_tenant_id_workflow_id_id_idx ON runs (tenant_id, workflow_id, id);
      CREATE INDEX runs_tenant_id_status_id_idx ON runs (tenant_id, status, id) WHERE status IN ('failed', 'cancelled');
      CREATE UNIQUE INDEX runs_parent_run_id_parent_step_key ON runs (parent_run_id, parent_step) WHERE parent_run_id IS NOT NULL;

      CREATE TABLE live_runs (
        run_id uuid NOT NULL,
        tenant_id text NOT NULL,
        version_id uuid NOT NULL,
        state text NOT NULL,
        priority smallint NOT NULL DEFAULT 0,
        ready_at timestamptz(3) NOT NULL,
        wake_at timestamptz(3),
        owner text,
        lease_until timestamptz(3),
        epoch integer NOT NULL DEFAULT 0,
        wakes integer NOT NULL DEFAULT 0,
        started_at timestamptz(3),
        cancel_requested_at timestamptz(3),
        cancel_reason text,
        concurrency_key text,
        concurrency_limit integer,
        CONSTRAINT live_runs_pkey PRIMARY KEY (run_id),
        CONSTRAINT live_runs_state_check CHECK (state IN ('queued', 'ready', 'leased', 'waiting'))
      ) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);
      COMMENT ON TABLE live_runs IS 'one narrow row per run that is not over: its lease while one is held, what it waits for otherwise';
      CREATE INDEX live_runs_ready_idx ON live_runs (priority DESC, ready_at) WHERE state = 'ready';
      CREATE INDEX live_runs_wake_at_idx ON live_runs (wake_at) WHERE state = 'waiting';
      CREATE INDEX live_runs_leased_idx ON live_runs (run_id) WHERE state = 'leased';
      CREATE INDEX live_runs_concurrency_key_idx ON live_runs (tenant_id, concurrency_key) WHERE concurrency_key IS NOT NULL;

      CREATE TABLE run_events (
        run_id uuid NOT NULL,
        seq integer NOT NULL,
        span smallint NOT NULL,
        tenant_id text NOT NULL,
        xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
        type text NOT NULL,
        step text,
        attempt smallint NOT NULL,
        at timestamptz(3) NOT NULL,
        started_at timestamptz(3),
        data json NOT NULL,
        hash bytea NOT NULL,
        CONSTRAINT run_events_pkey PRIMARY KEY (run_id, seq)
      );
      COMMENT ON TABLE run_events IS 'the journal: append-only, hash-chained per run; a row with span 2 carries two events';
      CREATE INDEX run_events_tenant_id_xid_idx ON run_events (tenant_id, xid);

      CREATE TABLE run_signals (
        id bigint GENERATED ALWAYS AS IDENTITY,
        run_id uuid NOT NULL,
        tenant_id text NOT NULL,
        name text NOT NULL,
        payload json NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT run_signals_pkey PRIMARY KEY (id)
      );
      CREATE INDEX run_signals_run_id_id_idx ON run_signals (run_id, id);

      CREATE VIEW run_overview AS
        SELECT r.id, r.tenant_id, r.kind, r.workflow_id, r.version_id, r.subject_name, r.subject_version,
               coalesce(r.status, CASE
                 WHEN l.cancel_requested_at IS NOT NULL THEN 'cancelling'
                 WHEN l.started_at IS NULL THEN 'pending'
                 WHEN l.state = 'waiting' THEN 'waiting'
                 ELSE 'running' END) AS status,
               r.priority, coalesce(r.tags, '{}') AS tags, r.trigger, r.parent_run_id, r.parent_step, r.resumed_from, r.depth,
               r.concurrency_key, r.run_at, r.timeout_ms, r.error, coalesce(r.worker, l.owner) AS worker,
               r.created_at, coalesce(r.started_at, l.started_at) AS started_at, r.finished_at,
               l.state AS live_state, l.wake_at, l.lease_until, l.epoch, l.cancel_requested_at, l.cancel_reason
        FROM runs r LEFT JOIN live_runs l ON l.run_id = r.id;
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP VIEW run_overview;
      DROP TABLE run_signals, run_events, live_runs, runs, workflow_versions, workflows, idempotency_keys, api_keys;
    `);
  }
}
