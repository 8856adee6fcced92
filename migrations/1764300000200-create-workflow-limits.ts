import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What holds back a workflow's runs: its rate, and its pause. Claims age, so that no priority waits for ever. */
export class CreateWorkflowLimits1764300000200 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE live_runs
        ADD COLUMN workflow_id uuid,
        ADD COLUMN rate_every_ms double precision,
        ADD COLUMN rate_burst integer,
        DROP CONSTRAINT live_runs_state_check,
        ADD CONSTRAINT live_runs_state_check CHECK (state IN ('queued', 'spaced', 'paused', 'ready', 'leased', 'waiting'));
      UPDATE live_runs l SET workflow_id = r.workflow_id FROM runs r WHERE r.id = l.run_id;
      DROP INDEX live_runs_ready_idx;
      CREATE INDEX live_runs_ready_idx ON live_runs (((ready_at AT TIME ZONE 'UTC') - priority * interval '60000 ms'), run_id)
        WHERE state = 'ready';
      CREATE INDEX live_runs_spaced_idx ON live_runs (workflow_id, ((ready_at AT TIME ZONE 'UTC') - priority * interval '60000 ms'), run_id)
        WHERE state = 'spaced';
      CREATE INDEX live_runs_paused_idx ON live_runs (workflow_id, run_id) WHERE state = 'paused';

      CREATE TABLE workflow_rates (
        workflow_id uuid NOT NULL,
        tenant_id text NOT NULL,
        tat timestamptz NOT NULL DEFAULT now(),
        next_at timestamptz,
        CONSTRAINT workflow_rates_pkey PRIMARY KEY (workflow_id)
      ) WITH (fillfactor = 50);
      COMMENT ON COLUMN workflow_rates.tat IS 'when the next start would come if all were evenly spaced';
      COMMENT ON COLUMN workflow_rates.next_at IS 'when to look for the next start; null while no run waits for one';
      CREATE INDEX workflow_rates_next_at_idx ON workflow_rates (next_at) WHERE next_at IS NOT NULL;

      CREATE TABLE workflow_pauses (
        workflow_id uuid NOT NULL,
        tenant_id text NOT NULL,
        paused_at timestamptz(3) NOT NULL,
        paused_by text NOT NULL,
        reason text,
        resumed_at timestamptz(3),
        CONSTRAINT workflow_pauses_pkey PRIMARY KEY (workflow_id)
      );
      COMMENT ON COLUMN workflow_pauses.resumed_at IS 'the pause is over, and what it held back is being let go';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP TABLE workflow_pauses;
      DROP TABLE workflow_rates;
      UPDATE live_runs SET state = CASE WHEN concurrency_key IS NULL THEN 'ready' ELSE 'queued' END WHERE state IN ('spaced', 'paused');
      DROP INDEX live_runs_paused_idx;
      DROP INDEX live_runs_spaced_idx;
      DROP INDEX live_runs_ready_idx;
      CREATE INDEX live_runs_ready_idx ON live_runs (priority DESC, ready_at) WHERE state = 'ready';
      ALTER TABLE live_runs
        DROP COLUMN workflow_id,
        DROP COLUMN rate_every_ms,
        DROP COLUMN rate_burst,
        DROP CONSTRAINT live_runs_state_check,
        ADD CONSTRAINT live_runs_state_check CHECK (state IN ('queued', 'ready', 'leased', 'waiting'));
    `);
  }
}
