import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What runs ask people, and what they say. */
export class CreateApprovals1764100000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE approvals (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        run_id uuid NOT NULL,
        step text NOT NULL,
        attempt smallint NOT NULL,
        status text NOT NULL DEFAULT 'pending',
        content json NOT NULL,
        content_hash bytea NOT NULL,
        reviewers text[] NOT NULL DEFAULT '{}',
        quorum smallint NOT NULL DEFAULT 1,
        default_decision text,
        votes json NOT NULL DEFAULT '[]',
        edits json NOT NULL DEFAULT '{}',
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3),
        decided_at timestamptz(3),
        CONSTRAINT approvals_pkey PRIMARY KEY (id),
        CONSTRAINT approvals_run_id_step_attempt_key UNIQUE (run_id, step, attempt),
        CONSTRAINT approvals_status_check CHECK (status IN ('pending', 'approved', 'rejected', 'expired', 'cancelled')),
        CONSTRAINT approvals_default_decision_check CHECK (default_decision IN ('approved', 'rejected')),
        CONSTRAINT approvals_quorum_check CHECK (quorum > 0),
        CONSTRAINT approvals_decided_at_check CHECK ((status = 'pending') = (decided_at IS NULL))
      );
      COMMENT ON COLUMN approvals.content IS 'what reviewers are shown; content_hash is of it and of the edits made so far';
      CREATE INDEX approvals_tenant_id_id_idx ON approvals (tenant_id, id);
      CREATE INDEX approvals_pending_idx ON approvals (tenant_id, id) WHERE status = 'pending';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE approvals');
  }
}
