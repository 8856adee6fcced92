import type { MigrationInterface, QueryRunner } from 'typeorm';

/** In what words a webhook is told of events, and of which of those words. */
export class AddWebhookFormats1764700000200 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE webhooks ADD COLUMN format text NOT NULL DEFAULT 'standard', ADD COLUMN topics text[] NOT NULL DEFAULT '{}';
      COMMENT ON COLUMN webhooks.topics IS 'events as the format names them, where it has names of its own';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE webhooks DROP COLUMN topics, DROP COLUMN format');
  }
}
