import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What starts runs by itself, each firing of it, and how far the readers of the event feed have come. */
export class CreateTriggers1764200000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE triggers (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        workflow_id uuid NOT NULL,
        kind text NOT NULL,
        name text,
        source text NOT NULL,
        config json NOT NULL,
        inputs json NOT NULL,
        revision integer NOT NULL DEFAULT 1,
        enabled boolean NOT NULL DEFAULT true,
        token_hash bytea,
        secret text,
        next_fire_at timestamptz(3),
        since_xid bigint NOT NULL DEFAULT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
        last_fired_at timestamptz(3),
        last_run_id uuid,
        last_error json,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT triggers_pkey PRIMARY KEY (id),
        CONSTRAINT triggers_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES workflows (id),
        CONSTRAINT triggers_kind_check CHECK (kind IN ('cron', 'webhook', 'event')),
        CONSTRAINT triggers_source_check CHECK (source IN ('definition', 'api'))
      );
      COMMENT ON COLUMN triggers.since_xid IS 'an event trigger hears what this transaction and later ones committed';
      CREATE INDEX triggers_tenant_id_workflow_id_id_idx ON triggers (tenant_id, workflow_id, id);
      CREATE INDEX triggers_workflow_id_idx ON triggers (workflow_id);
      CREATE UNIQUE INDEX triggers_token_hash_key ON triggers (token_hash) WHERE token_hash IS NOT NULL;
      CREATE UNIQUE INDEX triggers_workflow_id_name_key ON triggers (workflow_id, name) WHERE source = 'definition';
      CREATE INDEX triggers_next_fire_at_idx ON triggers (next_fire_at) WHERE enabled AND next_fire_at IS NOT NULL;
      CREATE INDEX triggers_event_idx ON triggers (tenant_id) WHERE enabled AND kind = 'event';

      CREATE TABLE trigger_fires (
        run_id uuid NOT NULL,
        tenant_id text NOT NULL,
        trigger_id uuid NOT NULL,
        fire_key text NOT NULL,
        chain uuid[] NOT NULL DEFAULT '{}',
        inputs json NOT NULL,
        status text NOT NULL,
        error json,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz(3) NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT trigger_fires_pkey PRIMARY KEY (run_id),
        CONSTRAINT trigger_fires_trigger_id_fkey FOREIGN KEY (trigger_id) REFERENCES triggers (id) ON DELETE CASCADE,
        CONSTRAINT trigger_fires_trigger_id_fire_key_key UNIQUE (trigger_id, fire_key),
        CONSTRAINT trigger_fires_status_check CHECK (status IN ('pending', 'started', 'over', 'skipped', 'failed'))
      );
      COMMENT ON TABLE trigger_fires IS 'one firing of a trigger; the id of its run is reserved before the run is submitted';
      CREATE INDEX trigger_fires_next_attempt_at_idx ON trigger_fires (next_attempt_at) WHERE status = 'pending';
      CREATE INDEX trigger_fires_open_idx ON trigger_fires (trigger_id, run_id) WHERE status IN ('pending', 'started');

      CREATE TABLE feed_cursors (
        consumer text NOT NULL,
        tenant_id text NOT NULL,
        xid bigint NOT NULL,
        run_id uuid NOT NULL,
        seq integer NOT NULL,
        owner text,
        lease_until timestamptz(3),
        CONSTRAINT feed_cursors_pkey PRIMARY KEY (consumer, tenant_id)
      );
      COMMENT ON TABLE feed_cursors IS 'up to where a durable reader of a tenant''s events has read; its effects commit with its moves';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE feed_cursors, trigger_fires, triggers');
  }
}
