import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Workflows of the server's own: what it does as runs, without being listed. */
export class AddInternalWorkflows1764600000100 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE workflows DROP CONSTRAINT workflows_kind_check,
        ADD CONSTRAINT workflows_kind_check CHECK (kind IN ('workflow', 'agent', 'internal'));
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE workflows DROP CONSTRAINT workflows_kind_check,
        ADD CONSTRAINT workflows_kind_check CHECK (kind IN ('workflow', 'agent'));
    `);
  }
}
