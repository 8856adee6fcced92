import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who is told of events, and the outbox of what they are told. */
export class CreateWebhooks1764200000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE webhooks (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        url text NOT NULL,
        description text,
        events text[] NOT NULL,
        workflow text,
        secret text NOT NULL,
        enabled boolean NOT NULL DEFAULT true,
        disabled_reason text,
        failing_since timestamptz(3),
        since_xid bigint NOT NULL DEFAULT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT webhooks_pkey PRIMARY KEY (id)
      );
      COMMENT ON COLUMN webhooks.since_xid IS 'it is told what this transaction and later ones committed';
      CREATE INDEX webhooks_tenant_id_id_idx ON webhooks (tenant_id, id);

      CREATE TABLE webhook_deliveries (
        id uuid NOT NULL,
        tenant_id text NOT NULL,
        webhook_id uuid NOT NULL,
        message_id text NOT NULL,
        event_type text NOT NULL,
        run_id uuid NOT NULL,
        payload text NOT NULL,
        status text NOT NULL DEFAULT 'pending',
        tries integer NOT NULL DEFAULT 0,
        attempts json NOT NULL DEFAULT '[]',
        next_attempt_at timestamptz(3) NOT NULL DEFAULT now(),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        delivered_at timestamptz(3),
        CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id),
        CONSTRAINT webhook_deliveries_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhooks (id) ON DELETE CASCADE,
        CONSTRAINT webhook_deliveries_webhook_id_message_id_key UNIQUE (webhook_id, message_id),
        CONSTRAINT webhook_deliveries_status_check CHECK (status IN ('pending', 'delivered', 'failed'))
      ) WITH (fillfactor = 80);
      COMMENT ON COLUMN webhook_deliveries.tries IS 'of the present round; a redelivery begins another';
      CREATE INDEX webhook_deliveries_webhook_id_id_idx ON webhook_deliveries (webhook_id, id);
      CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (webhook_id, next_attempt_at) WHERE status = 'pending';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE webhook_deliveries, webhooks');
  }
}
