import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Budgets of the time that calls of models and tools take. */
export class AddTimeBudgets1764700000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE agent_budgets ADD COLUMN wall_ms_spent bigint DEFAULT 0 NOT NULL, ADD COLUMN wall_ms_held bigint DEFAULT 0 NOT NULL;
      ALTER TABLE agent_budget_holds ADD COLUMN wall_ms bigint DEFAULT 0 NOT NULL;
      COMMENT ON TABLE agent_budgets IS 'what was spent in a UTC day, or in all (day -infinity), and what is held for calls under way';
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE agent_budgets DROP COLUMN wall_ms_spent, DROP COLUMN wall_ms_held;
      ALTER TABLE agent_budget_holds DROP COLUMN wall_ms;
      COMMENT ON TABLE agent_budgets IS 'what was spent in a UTC day, or by a session in all (day -infinity), and what is held for calls under way';
    `);
  }
}
