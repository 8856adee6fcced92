import type { MigrationInterface, QueryRunner } from 'typeorm';

const COLUMNS = `
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
  CONSTRAINT run_events_pkey PRIMARY KEY (run_id, seq)`;

const COMMENT = 'the journal: append-only, hash-chained per run; a row with span 2 carries two events';

/** The first id of the day after tomorrow: ids made while this runs are below it. */
const FIRST_ID_AHEAD = `
  (lpad(to_hex((extract(epoch FROM date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC') * 1000)::bigint + 172800000), 12, '0')
   || repeat('0', 20))::uuid`;

/**
 * The journal in partitions by run id, which is time. What is there becomes the first partition without being copied, but for
 * rows of ids that are no time; in an empty database there is none.
 */
export class PartitionJournal1764300000100 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE run_events RENAME TO run_events_first;
      ALTER TABLE run_events_first RENAME CONSTRAINT run_events_pkey TO run_events_first_pkey;
      ALTER INDEX run_events_tenant_id_xid_idx RENAME TO run_events_first_tenant_id_xid_idx;

      CREATE TABLE run_events (${COLUMNS}) PARTITION BY RANGE (run_id);
      COMMENT ON TABLE run_events IS '${COMMENT}';
      CREATE INDEX run_events_tenant_id_xid_idx ON run_events (tenant_id, xid);
      CREATE TABLE run_events_default PARTITION OF run_events DEFAULT;
      COMMENT ON TABLE run_events_default IS 'rows that no other partition takes; meant to be empty';
      COMMENT ON TABLE run_events_first IS NULL;

      DO $$
      DECLARE bound uuid := ${FIRST_ID_AHEAD};
      BEGIN
        IF EXISTS (SELECT FROM run_events_first) THEN
          WITH stray AS (DELETE FROM run_events_first WHERE run_id >= bound RETURNING *)
          INSERT INTO run_events_default SELECT * FROM stray;
          EXECUTE format('ALTER TABLE run_events ATTACH PARTITION run_events_first FOR VALUES FROM (MINVALUE) TO (%L)', bound);
        ELSE
          DROP TABLE run_events_first;
        END IF;
      END $$;

      CREATE INDEX runs_workflow_id_status_id_idx ON runs (workflow_id, status, id) WHERE status IS NOT NULL;
      CREATE INDEX runs_resumed_from_idx ON runs (resumed_from) WHERE resumed_from IS NOT NULL;

      CREATE TABLE workflow_retentions (
        workflow_id uuid NOT NULL,
        tenant_id text NOT NULL,
        success_days double precision,
        failed_days double precision,
        cancelled_days double precision,
        CONSTRAINT workflow_retentions_pkey PRIMARY KEY (workflow_id),
        CONSTRAINT workflow_retentions_workflow_id_fkey FOREIGN KEY (workflow_id) REFERENCES workflows (id) ON DELETE CASCADE
      );
      COMMENT ON TABLE workflow_retentions IS 'how long the latest version wants its runs kept; null is the server''s default, infinity for ever';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP TABLE workflow_retentions;
      DROP INDEX runs_workflow_id_status_id_idx, runs_resumed_from_idx;
      ALTER TABLE run_events RENAME TO run_events_parts;
      ALTER TABLE run_events_parts RENAME CONSTRAINT run_events_pkey TO run_events_parts_pkey;
      ALTER INDEX run_events_tenant_id_xid_idx RENAME TO run_events_parts_tenant_id_xid_idx;
      CREATE TABLE run_events (${COLUMNS});
      COMMENT ON TABLE run_events IS '${COMMENT}';
      INSERT INTO run_events SELECT * FROM run_events_parts;
      CREATE INDEX run_events_tenant_id_xid_idx ON run_events (tenant_id, xid);
      DROP TABLE run_events_parts;
    `);
  }
}
