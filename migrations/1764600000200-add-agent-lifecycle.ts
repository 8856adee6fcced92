import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Agents that take no runs: not deployed yet, or paused. */
export class AddAgentLifecycle1764600000200 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE workflows ADD COLUMN lifecycle text,
        ADD CONSTRAINT workflows_lifecycle_check CHECK (lifecycle IN ('draft', 'paused'));
      COMMENT ON COLUMN workflows.lifecycle IS 'of agents: why no run of it starts; null when it is deployed';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE workflows DROP COLUMN lifecycle');
  }
}
